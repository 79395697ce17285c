import Basics
import Drive

/// What an answer of the API means for the call it answers (contract 10 and 11). A pure table.
enum Verdict: Hashable, Sendable {
    case success
    /// The access token is not good: renew it, repeat the call once.
    case tokenRefused(Refusal)
    /// Wait, then repeat.
    case throttled(Refusal, after: Duration?)
    /// A fault that may pass: repeat a few times.
    case passing(Refusal)
    /// Repeating is of no use.
    case final(DriveError)

    /// What is known of the call that the code alone does not tell.
    struct Context: Hashable, Sendable {
        /// A listing that goes on from a marker: what is wrong with its parameters is the marker.
        var hasMarker = false
        /// The call gives a name to something: a conflict that is not explained is the name (contract 11).
        var claimsName = false
    }

    /// `serverNow` is the server's clock, for a Retry-After that names a date.
    init(_ answer: HTTPAnswer, _ context: Context = Context(), serverNow: UnixTime) {
        let looksGood = (200...299).contains(answer.status)
        // 204 and an empty body are success without data (contract 1).
        if looksGood, answer.body.isEmpty {
            self = .success
            return
        }
        let shape = AnswerShape(answer)
        if looksGood, shape.envelope.code.isEmpty {
            self = shape.isJSON ? .success : .passing(shape.refusal)
            return
        }
        let wait = RetryAfter.read(answer.fields, serverNow: serverNow)
        self = Self.byCode(shape, context, wait) ?? Self.byStatus(shape, context, wait)
    }

    private static func byCode(_ shape: AnswerShape, _ context: Context, _ wait: Duration?) -> Verdict? {
        let refusal = shape.refusal
        switch refusal.code {
        case "AccessTokenExpired", "AccessTokenInvalid", "I400JD":
            return .tokenRefused(refusal)
        case "RefreshTokenExpired", "RefreshTokenInvalid", "PermissionDenied", "UserDeviceOffline",
            "UserDeviceIllegality", "DeviceSessionSignatureInvalid":
            return .final(.loginRequired(refusal.words))
        case "TooManyRequests", "Too Many Requests", "ParamFlowException":
            return .throttled(refusal, after: wait)
        case "InternalError": return .passing(refusal)
        case "FeatureTemporaryDisabled": return .final(.serverFailure(refusal))
        case "InvalidClientId", "InvalidClientSecret", "AppNotExists", "InvalidGrantType", "InvalidCode":
            return .final(.misconfigured(refusal.words))
        default: return (changeRefused(refusal) ?? refused(refusal, context)).map { .final($0) }
        }
    }

    /// The codes of the changing calls alone (contract 7.4 to 7.6).
    private static func changeRefused(_ refusal: Refusal) -> DriveError? {
        switch refusal.code {
        case "PreHashMatched": .change(.preHashMatched)
        case "InvalidRapidProof": .change(.invalidProof(refusal))
        case "InvalidParameter.ContentHash": .change(.contentMismatch(refusal))
        case "NotFound.UploadId": .change(.uploadGone(refusal))
        default: nil
        }
    }

    /// The codes that say what is wrong with the object, the account or the request.
    private static func refused(_ refusal: Refusal, _ context: Context) -> DriveError? {
        switch refusal.code {
        case "UserNotAllowedAccessDrive", "ForbiddenNoPermission.File", "FileShareNotAllowed": .accessDenied(refusal)
        case "UserNotAllowedAccessResource", "ExceedCapacityForbidden": .accountRestricted(refusal)
        case "ForbiddenDriveLocked": .driveLocked(refusal)
        case "ForbiddenDriveNotValid": .rejected(refusal)
        case "ForbiddenFileInTheRecycleBin": .inRecycleBin(refusal)
        case "AlreadyExist.File": .nameTaken(refusal)
        case "InvalidResource.FileTypeFolder": .wrongKind(refusal)
        case "QuotaExhausted.Drive": .quotaExhausted(refusal)
        case let code where code.hasPrefix("NotFound."): .notFound(refusal)
        case let code where code.hasPrefix("InvalidParameter"):
            context.hasMarker || code.lowercased().hasSuffix(".marker") ? .staleMarker(refusal) : .rejected(refusal)
        default: nil
        }
    }

    private static func byStatus(_ shape: AnswerShape, _ context: Context, _ wait: Duration?) -> Verdict {
        let refusal = shape.refusal
        switch refusal.status {
        case 401: return .tokenRefused(refusal)
        case 429: return .throttled(refusal, after: wait)
        case 408, 500, 502...599: return .passing(refusal)
        // The app lacks a permission, or the drive id is wrong (contract 1).
        case 501: return .final(.accessDenied(refusal))
        case 413: return .final(.tooLarge(refusal))
        case 409 where context.claimsName && !refusal.code.isEmpty: return .final(.nameTaken(refusal))
        case 404 where !refusal.code.isEmpty: return .final(.notFound(refusal))
        case 404, 405: return .final(.rejected(refusal))
        // A page of a gateway instead of an answer: throttling in disguise, or a fault on the way.
        case _ where shape.isHTML: return .passing(refusal)
        case 403: return .final(.accessDenied(refusal))
        default: return .final(.rejected(refusal))
        }
    }
}

/// A failure's body in whichever shape it came (contract 1).
struct AnswerShape {
    let envelope: Envelope
    let refusal: Refusal
    let isJSON: Bool
    let isHTML: Bool

    init(_ answer: HTTPAnswer) {
        let start = answer.body.first { !$0.isWhitespace }
        isJSON = start == UInt8(ascii: "{") || start == UInt8(ascii: "[")
        isHTML = start == UInt8(ascii: "<") || answer.fields["content-type"]?.hasPrefix("text/html") == true
        envelope = isJSON ? Envelope.read(answer.body) : Envelope()
        let code = envelope.code.isEmpty ? answer.fields["x-ca-error-code"] ?? "" : envelope.code
        refusal = Refusal(
            status: answer.status, code: Redaction.clean(code),
            message: Redaction.clean(Self.message(answer, envelope, isHTML: isHTML, isJSON: isJSON)))
    }

    private static func message(_ answer: HTTPAnswer, _ envelope: Envelope, isHTML: Bool, isJSON: Bool) -> String {
        if envelope.isUnknownPath { return "the service does not know this path" }
        if !envelope.message.isEmpty { return envelope.message }
        if let message = answer.fields["x-ca-error-message"] { return message }
        if isHTML { return "an HTML page instead of an answer" }
        return isJSON ? "" : String(decoding: answer.body.prefix(400), as: UTF8.self)
    }
}

extension Refusal {
    /// One line for people.
    var words: String {
        [code, message].filter { !$0.isEmpty }.joined(separator: ": ") + " (HTTP \(status))"
    }
}

extension UInt8 {
    fileprivate var isWhitespace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
