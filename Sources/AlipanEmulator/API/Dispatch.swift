extension State {
    /// Every endpoint and the function that answers it.
    mutating func dispatch(_ endpoint: Endpoint, _ call: Call) throws(APIError) -> Answer {
        switch endpoint {
        case .renew: return renew(call)
        case .renewRequests: return renewRequests(call)
        case .renewCallback: return renewCallback(call)
        case .qrImage: return try qrImage(call)
        case .renewPost: return .ok(try renewPost(call))
        case .accessToken: return .ok(try accessToken(call))
        case .authorize: return .ok(try authorize(call))
        case .qrcode: return .ok(try qrcode(call))
        case .qrStatus: return .ok(try qrStatus(call))
        case .usersInfo, .usersScopes, .getDriveInfo, .getSpaceInfo, .getVipInfo, .featureList, .list, .search, .get,
            .starredList, .getDownloadUrl, .getByPath, .batchGet, .create, .getUploadUrl, .listUploadedParts, .complete,
            .update, .move, .copy, .trash, .delete, .asyncTask:
            let result = try drive(endpoint, call)
            return .ok(dress(result))
        case .link, .part, .unknown: return Spring.answer(404, path: call.path, time: call.now)
        }
    }

    private mutating func drive(_ endpoint: Endpoint, _ call: Call) throws(APIError) -> JSON {
        switch endpoint {
        case .usersInfo: userInfo(call)
        case .usersScopes: userScopes(call)
        case .getDriveInfo: driveInfo(call)
        case .getSpaceInfo: spaceInfo()
        case .getVipInfo: vipInfo()
        case .list: try list(call)
        case .search: try search(call)
        case .starredList: try starredList(call)
        case .get: try get(call)
        case .getByPath: try getByPath(call)
        case .batchGet: try batchGet(call)
        case .getDownloadUrl: try downloadURL(call)
        case .create: try create(call)
        case .getUploadUrl: try uploadURLs(call)
        case .listUploadedParts: try uploadedParts(call)
        case .complete: try complete(call)
        case .update: try update(call)
        case .move: try move(call)
        case .copy: try copy(call)
        case .trash: try trash(call)
        case .delete: try delete(call)
        case .asyncTask: try asyncTask(call)
        case .featureList, .authorize, .qrcode, .qrStatus, .qrImage, .accessToken, .renew, .renewPost, .renewRequests,
            .renewCallback, .link, .part, .unknown:
            ["result": []]
        }
    }
}
