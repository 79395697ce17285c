/// Everything the emulator answers, by the name that counters and fault rules use.
enum Endpoint: String, Sendable, CaseIterable {
    case authorize, qrcode, qrStatus, qrImage, accessToken, usersInfo, usersScopes
    case renew, renewPost, renewRequests, renewCallback
    case getDriveInfo, getSpaceInfo, getVipInfo, featureList
    case list, search, get, starredList, getDownloadUrl
    case getByPath = "get_by_path"
    case batchGet = "batch_get"
    case create, getUploadUrl, listUploadedParts, complete
    case update, move, copy, trash, delete
    case asyncTask = "async_task"
    /// GET on the link host.
    case link
    /// PUT of a part on the link host.
    case part
    case unknown

    /// Exact paths and the one method each of them takes.
    static let paths: [String: (endpoint: Endpoint, method: String)] = {
        var table: [String: (Endpoint, String)] = [
            "/oauth/authorize": (.authorize, "GET"),
            "/oauth/authorize/qrcode": (.qrcode, "POST"),
            "/oauth/access_token": (.accessToken, "POST"),
            "/oauth/users/info": (.usersInfo, "GET"),
            "/oauth/users/scopes": (.usersScopes, "GET"),
            "/alicloud/renewapi": (.renew, "GET"),
            "/alicloud/requests": (.renewRequests, "GET"),
            "/alicloud/callback": (.renewCallback, "GET"),
            "/alist/ali_open/token": (.renewPost, "POST"),
            "/adrive/v1.0/user/getDriveInfo": (.getDriveInfo, "POST"),
            "/adrive/v1.0/user/getSpaceInfo": (.getSpaceInfo, "POST"),
            "/business/v1.0/user/getVipInfo": (.getVipInfo, "POST"),
            "/v1.0/user/getVipInfo": (.getVipInfo, "POST"),
            "/business/v1.0/vip/feature/list": (.featureList, "GET"),
        ]
        let files: [(String, Endpoint)] = [
            ("list", .list), ("search", .search), ("get", .get), ("get_by_path", .getByPath),
            ("batch/get", .batchGet), ("starredList", .starredList), ("getDownloadUrl", .getDownloadUrl),
            ("create", .create), ("getUploadUrl", .getUploadUrl), ("listUploadedParts", .listUploadedParts),
            ("complete", .complete), ("update", .update), ("move", .move), ("copy", .copy),
            ("recyclebin/trash", .trash), ("delete", .delete), ("async_task/get", .asyncTask),
        ]
        for (path, endpoint) in files { table["/adrive/v1.0/openFile/" + path] = (endpoint, "POST") }
        return table
    }()

    /// The endpoint a request is for and the method it must have; nil for a path nobody serves.
    static func find(_ path: String) -> (endpoint: Endpoint, method: String)? {
        if let exact = paths[path] { return exact }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[1] == "oauth", parts[2] == "qrcode" else { return nil }
        switch parts[4] {
        case "status": return (.qrStatus, "GET")
        case "image": return (.qrImage, "GET")
        default: return nil
        }
    }

    /// True where the request must carry the bearer.
    var needsBearer: Bool {
        switch self {
        case .authorize, .qrcode, .qrStatus, .qrImage, .accessToken, .renew, .renewPost, .renewRequests,
            .renewCallback, .link, .part, .unknown:
            false
        case .usersInfo, .usersScopes, .getDriveInfo, .getSpaceInfo, .getVipInfo, .featureList, .list, .search, .get,
            .starredList, .getDownloadUrl, .getByPath, .batchGet, .create, .getUploadUrl, .listUploadedParts,
            .complete, .update, .move, .copy, .trash, .delete, .asyncTask:
            true
        }
    }

    /// What the user must have granted (contract 2.1).
    var scope: String? {
        switch self {
        case .usersInfo, .getDriveInfo, .getSpaceInfo, .getVipInfo, .featureList: "user:base"
        case .list, .search, .get, .starredList, .getDownloadUrl, .getByPath, .batchGet: "file:all:read"
        case .create, .getUploadUrl, .listUploadedParts, .complete, .update, .move, .copy, .trash, .delete, .asyncTask:
            "file:all:write"
        case .usersScopes, .authorize, .qrcode, .qrStatus, .qrImage, .accessToken, .renew, .renewPost, .renewRequests,
            .renewCallback, .link, .part, .unknown:
            nil
        }
    }
}
