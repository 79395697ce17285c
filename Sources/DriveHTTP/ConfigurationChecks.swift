import Basics
import Drive
import FoundationEssentials
import Glibc

extension DriveHTTPConfiguration {
    /// The configuration in order, with its folder made; throws `.misconfigured` with what is wrong.
    func checked() throws(DriveError) -> DriveHTTPConfiguration {
        var checked = self
        checked.apiURL = try Self.base(apiURL, "the address of the API")
        switch renewal {
        case .online(let url, let driver):
            _ = try Self.base(url, "the address of the renewal service")
            if driver.isEmpty { throw .misconfigured("the renewal driver is empty") }
        case .onlinePost(let url): _ = try Self.base(url, "the address of the renewal service")
        case .ownApp(let id, let secret):
            if id.isEmpty || secret.isEmpty { throw .misconfigured("an own app needs a client id and a secret") }
        }
        if userAgent.isEmpty || !userAgent.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            throw .misconfigured("the User-Agent must be printable ASCII")
        }
        for (name, rate) in [("list", rates.list), ("link", rates.link), ("other", rates.other)]
        where !(rate > 0 && rate.isFinite) {
            throw .misconfigured("the rate \(name) must be above 0")
        }
        if !(1...10).contains(streams) { throw .misconfigured("streams must be 1 to 10") }
        if tokenPath.isEmpty || limitsDirectory.isEmpty { throw .misconfigured("no place for token or limits") }
        for time in [timeout, requestTimeout, stallTimeout, connectTimeout] where time <= .zero {
            throw .misconfigured("a timeout must be above 0")
        }
        // Where the folder cannot be made the limits are held by this process alone; the drive says so.
        makeFolder(limitsDirectory)
        return checked
    }

    private static func base(_ text: String, _ what: String) throws(DriveError) -> String {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = url.host, !host.isEmpty, url.user == nil
        else { throw .misconfigured("\(what) must be http:// or https:// and a host") }
        var base = text
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }

    private func makeFolder(_ path: String) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            mkdir(made, 0o700)
        }
    }

    func renewer(_ transport: any HTTPTransport, time: any TimeSource) -> any Renewer {
        let call = RenewCall(transport: transport, time: time, userAgent: userAgent, timeout: requestTimeout)
        return switch renewal {
        case .online(let url, let driver): OnlineRenewer(call: call, url: url, driver: driver)
        case .onlinePost(let url): OnlinePostRenewer(call: call, url: url)
        case .ownApp(let id, let secret): OwnAppRenewer(call: call, apiURL: apiURL, clientID: id, clientSecret: secret)
        }
    }
}

extension DriveHTTPConfiguration.Rates {
    subscript(kind: RequestClass) -> Double {
        switch kind {
        case .list: list
        case .link: link
        case .other: other
        }
    }
}
