/// Sliding windows of requests, one set for each user and app (contract 10).
struct RateLimiter: Sendable {
    private struct Key: Hashable {
        var app: String
        var rateClass: RateClass
    }

    private var windows: [Key: [Milliseconds]] = [:]
    private var throttlesByApp: [String: Int] = [:]

    /// Nil if the request may pass, and then it counts; else the milliseconds after which it may be tried again.
    mutating func admit(_ rateClass: RateClass, app: String, limits: RateLimits, now: Milliseconds) -> Milliseconds? {
        let most = limits.perTenSeconds(rateClass)
        guard most > 0 else { return nil }
        let key = Key(app: app, rateClass: rateClass)
        // A window is what the last ten seconds saw; older entries fall out.
        var window = (windows[key] ?? []).filter { $0 > now - 10_000 }
        var wait: Milliseconds = 0
        if window.count >= most { wait = window[window.count - most] + 10_000 - now }
        if limits.perSecond {
            let perSecond = max(1, most / 10)
            let lastSecond = window.filter { $0 > now - 1000 }
            if lastSecond.count >= perSecond {
                wait = max(wait, lastSecond[lastSecond.count - perSecond] + 1000 - now)
            }
        }
        if wait == 0 { window.append(now) }
        windows[key] = window
        guard wait > 0 else { return nil }
        throttlesByApp[app, default: 0] += 1
        return wait
    }

    func throttles(of app: String) -> Int { throttlesByApp[app] ?? 0 }

    mutating func reset() {
        windows = [:]
        throttlesByApp = [:]
    }
}

extension Endpoint {
    /// Nil where no limit is known.
    func rateClass(search: RateClass) -> RateClass? {
        switch self {
        case .list: .list
        case .getDownloadUrl: .link
        case .search, .starredList: search
        case .get, .getByPath, .batchGet, .create, .getUploadUrl, .listUploadedParts, .complete, .update, .move, .copy,
            .trash, .delete, .asyncTask, .getDriveInfo, .getSpaceInfo, .getVipInfo, .featureList, .usersInfo,
            .usersScopes:
            .other
        case .authorize, .qrcode, .qrStatus, .qrImage, .accessToken, .renew, .renewPost, .renewRequests,
            .renewCallback, .link, .part, .unknown:
            nil
        }
    }
}
