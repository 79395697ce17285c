import Basics
import Foundation
import Glibc
import Mounting
import ProcessLife
import Settings
import SystemPackage

/// The clock, the certificates, and whether the drive can be reached at all.
struct NetworkChecks: Sendable {
    let settings: MountSettings
    let time: any TimeSource

    func all() async -> [Finding] {
        var findings = [clock(), certificates(), await reach(settings.apiURL, "drive", orElse: Finding.fail)]
        // The service that renews is only asked now and then: a mount can live without it for a while.
        if settings.clientID == nil { findings.append(await reach(settings.renewURL, "renewal", orElse: Finding.warn)) }
        return findings
    }

    /// Certificates and tokens have dates: a clock that lost its battery makes all of them invalid.
    private func clock() -> Finding {
        let seconds = time.wallTime().seconds
        // 2025 to 2100.
        guard 1_735_689_600..<4_102_444_800 ~= seconds else {
            return .fail(
                "clock", "this machine's clock is wrong by years", mend: "set it, with 'timedatectl set-ntp true'")
        }
        return .ok("clock", "the year is plausible")
    }

    private func certificates() -> Finding {
        let name = "certificates"
        do throws(TrustCheck.Flaw) { try TrustCheck.run(settings) } catch {
            return .fail(name, error.words, mend: error.mend)
        }
        return .ok(name, settings.trustedRoots.map { "those in \($0) are trusted" } ?? "the system's are trusted")
    }

    private func reach(
        _ address: String, _ name: String, orElse bad: (String, String, String) -> Finding
    ) async -> Finding {
        guard let parts = URLComponents(string: address), let bracketed = parts.host else {
            return bad(name, "\(address) has no host", "correct the address")
        }
        let host = bracketed.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let port = parts.port ?? (parts.scheme == "http" ? 80 : 443)
        let flaw = await Blocking.run(within: .seconds(10), on: time) { Reach.flaw(host: host, port: port) }
        let mend = "check the network, the name servers and the firewall"
        switch flaw {
        case nil: return bad(name, "\(host) port \(port) did not answer within 10 s", mend)
        case .some(nil): return .ok(name, "\(host) port \(port) answers")
        case .some(let words?): return bad(name, "\(host) port \(port) cannot be reached (\(words))", mend)
        }
    }
}

/// A TCP connection that is closed again at once.
enum Reach {
    /// Why there is none; nil when there is. Blocks.
    static func flaw(host: String, port: Int) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &list)
        guard status == 0 else {
            return gai_strerror(status).map { String(cString: $0).lowercased() } ?? "name not found"
        }
        defer { freeaddrinfo(list) }
        var words = "no address"
        var next = list
        while let address = next?.pointee {
            if connects(to: address) { return nil }
            words = Errno(rawValue: errno).words
            next = address.ai_next
        }
        return words
    }

    private static func connects(to address: addrinfo) -> Bool {
        let type = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, type, address.ai_protocol)
        guard descriptor >= 0 else { return false }
        let connected = connect(descriptor, address.ai_addr, address.ai_addrlen) == 0
        let reason = errno
        close(descriptor)
        errno = reason
        return connected
    }
}
