/// What an endpoint decided to send.
struct Answer: Sendable {
    enum Body: Sendable {
        case none
        case json(JSON)
        case text(String, type: String)
        case content(Content, from: Int64, count: Int64)
    }

    var status: Int
    var headers: [(String, String)] = []
    var body: Body
    /// The answer says no because the contract does, not because a fault or a limit was asked for.
    var isRefusal = false
    var isThrottle = false

    static func ok(_ json: JSON) -> Answer { Answer(status: 200, body: .json(json)) }
}

/// A refusal in the API's own form (contract 1 and 11).
struct APIError: Error, Sendable {
    var status: Int
    var code: String
    var message: String
    var headers: [(String, String)] = []
    var plainText = false

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func missing(_ field: String) -> APIError {
        APIError(400, "InvalidParameterMissing", "The input parameter \(field) is required.")
    }
    static func invalid(_ field: String, _ why: String) -> APIError {
        APIError(400, "InvalidParameter.\(field)", "The input parameter \(field) is not valid. \(why)")
    }
    static let badJSON = APIError(400, "InvalidRequestJSONFormat", "The input json format is not valid.")
    static let noFile = APIError(404, "NotFound.FileId", "The resource file_id cannot be found. file not exist")
    static let noParent = APIError(
        404, "NotFound.ParentFileId", "The resource parent_file_id cannot be found. file not exist")
    static let badDrive = APIError(403, "ForbiddenDriveNotValid", "drive not valid")
    static let badToken = APIError(401, "AccessTokenInvalid", "not found accessToken")
    static let oldToken = APIError(401, "AccessTokenExpired", "accessToken expired")
    static let notAFile = APIError(400, "InvalidResource.FileTypeFolder", "The resource file_id is a folder.")

    static let payloadTooLarge: APIError = {
        var error = APIError(413, "PayloadTooLarge", "Payload Too Large")
        error.plainText = true
        return error
    }()

    func answer(requestID: String, nulls: Bool) -> Answer {
        if plainText {
            return Answer(status: status, body: .text(message, type: "text/plain"), isRefusal: true)
        }
        return Answer(
            status: status, headers: headers,
            body: .json(Self.body(code: code, message: message, requestID: requestID, nulls: nulls)),
            isRefusal: true, isThrottle: status == 429)
    }

    static func body(code: String, message: String, requestID: String, nulls: Bool) -> JSON {
        var body: JSON = ["code": .string(code), "message": .string(message), "requestId": .string(requestID)]
        if nulls {
            for key in ["data", "headers", "pdsRequestId", "display_message"] { body.append(key, .null) }
            body.append("resultCode", .string(code))
        }
        return body
    }
}

/// The framework's own page, as it comes for a path or method nobody serves (contract 1).
enum Spring {
    static func answer(_ status: Int, path: String, time: Milliseconds) -> Answer {
        let names = [404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"]
        return Answer(
            status: status,
            body: .json([
                "timestamp": .string(Timestamp.text(time)), "status": .number(status),
                "error": .string(names[status] ?? "Error"), "path": .string(path),
            ]),
            isRefusal: true)
    }
}

/// A refusal of the object store behind the links (contract 6.4, 7.5).
struct OSSError: Error, Sendable {
    var status: Int
    var code: String
    var message: String
    var ec = "0000-00000000"
    var details: [(String, String)] = []

    init(_ status: Int, _ code: String, _ message: String, ec: String = "0000-00000000") {
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
    }

    static let signature = OSSError(
        403, "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        ec: "0002-00000040")
    static let concurrency = OSSError(
        403, "RequestDeniedByCallback", "Request denied by callback: ExceedMaxConcurrency", ec: "0007-00000209")
    static let noSuchKey = OSSError(404, "NoSuchKey", "The specified key does not exist.", ec: "0026-00000001")
    static let noSuchUpload = OSSError(
        404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid.",
        ec: "0042-00000002")

    static func expired(at expiry: Milliseconds, now: Milliseconds) -> OSSError {
        var error = OSSError(403, "AccessDenied", "Request has expired.", ec: "0002-00000069")
        error.details = [("Expires", Timestamp.text(expiry)), ("ServerTime", Timestamp.text(now))]
        return error
    }

    func answer(requestID: String, host: String) -> Answer {
        var xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n"
        let fields = [("Code", code), ("Message", message), ("RequestId", requestID), ("HostId", host)]
        for (key, value) in fields + details + [("EC", ec)] {
            let escaped = value.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            xml += "  <\(key)>\(escaped)</\(key)>\n"
        }
        xml += "</Error>\n"
        return Answer(
            status: status, headers: [("x-oss-request-id", requestID), ("x-oss-ec", ec)],
            body: .text(xml, type: "application/xml"), isRefusal: true)
    }
}
