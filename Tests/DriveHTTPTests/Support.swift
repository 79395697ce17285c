import Basics
import Drive
import Foundation
import Logging
import Synchronization
import TestSupport

@testable import DriveHTTP

/// A clock that jumps to the end of every short sleep at once, so that retries and pauses take no time; long sleeps
/// (deadlines) end when the jumps have passed them.
final class JumpingTime: TimeSource {
    let manual = ManualTime()
    private let longestJump: Duration

    init(longestJump: Duration = .seconds(31)) { self.longestJump = longestJump }

    func now() -> Moment { manual.now() }
    func wallTime() -> UnixTime { manual.wallTime() }

    func sleep(until deadline: Moment) async throws(CancellationError) {
        let wait = deadline - now()
        guard wait <= longestJump else { return try await manual.sleep(until: deadline) }
        await Task.yield()
        if Task.isCancelled { throw CancellationError() }
        // Somebody else may have jumped meanwhile.
        let left = deadline - now()
        if left > .zero { manual.advance(by: left) }
    }
}

/// Answers by a script, and remembers what was asked.
final class ScriptedTransport: HTTPTransport {
    typealias Script = @Sendable (HTTPCall, Int) async -> Result<HTTPAnswer, TransportFailure>

    private let script: Script
    private let calls = Mutex<[HTTPCall]>([])

    init(_ script: @escaping Script) { self.script = script }

    var asked: [HTTPCall] { calls.withLock { $0 } }

    func count(of part: String) -> Int { asked.filter { $0.url.contains(part) }.count }

    func exchange(
        _ call: HTTPCall, limit: Int, onSent: @escaping @Sendable () -> Void
    ) async throws(TransportFailure) -> HTTPAnswer {
        let number = calls.withLock { calls in
            calls.append(call)
            return calls.count - 1
        }
        let result = await script(call, number)
        switch result {
        case .failure(.unreachable), .failure(.untrusted): break
        case .success, .failure: onSent()
        }
        return try result.get()
    }

    func stream(_ call: HTTPCall, into receiver: any AnswerReceiver) async throws(TransportFailure) {
        calls.withLock { $0.append(call) }
        let answer = try await script(call, calls.withLock { $0.count - 1 }).get()
        guard receiver.receive(status: answer.status, fields: answer.fields) else { return }
        _ = answer.body.withUnsafeBytes { receiver.receive($0) }
    }

    func shutdown() async {}
}

extension HTTPAnswer {
    static func json(_ text: String, status: Int = 200, _ fields: [(name: String, value: String)] = []) -> HTTPAnswer {
        HTTPAnswer(status: status, fields: HTTPFields(fields), body: Array(text.utf8))
    }
}

/// A folder that goes away with its owner.
final class Scratch: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/drivehttp-" + UUID().uuidString
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Tokens {
    /// A token with these claims, base64url as the drive makes them.
    static func jwt(sub: String = "user-1", id: String = "1", exp: Int64? = nil, iat: Int64? = nil) -> String {
        var claims = #""sub":"\#(sub)","jti":"\#(id)""#
        if let exp { claims += #","exp":\#(exp)"# }
        if let iat { claims += #","iat":\#(iat)"# }
        return [#"{"alg":"RS256"}"#, "{\(claims)}", "signature"].map(base64url).joined(separator: ".")
    }

    static func base64url(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    static func pair(_ number: Int, sub: String = "user-1", life: Int? = 7_200) -> String {
        let expires = life.map { #","expires_in":\#($0)"# } ?? ""
        let refresh = jwt(sub: sub, id: "r\(number)")
        return #"{"refresh_token":"\#(refresh)","access_token":"access-\#(number)"\#(expires)}"#
    }
}

/// A drive with a scripted service behind it, a login in its file, and nothing that takes time.
struct Bench {
    let scratch = Scratch()
    let time = JumpingTime()
    let transport: ScriptedTransport
    let drive: HTTPDrive
    static let id = ObjectID(drive: DriveID("11"), file: FileID("f1"))

    /// `script` answers everything but renewals, which succeed, one pair after the other.
    init(
        token: StoredLogin? = StoredLogin(
            refreshToken: Tokens.jwt(id: "r0"), accessToken: "access-0", accessExpires: 1_700_007_200),
        change: (inout DriveHTTPConfiguration) -> Void = { _ in }, _ script: @escaping ScriptedTransport.Script
    ) throws {
        var configuration = DriveHTTPConfiguration(
            apiURL: "https://api.example", renewal: .online(url: "https://renew.example/api", driver: "alicloud_qr"),
            tokenPath: scratch.path + "/token", limitsDirectory: scratch.path)
        change(&configuration)
        if let token { try TokenFile(path: configuration.tokenPath).write(token) }
        let renewals = Mutex(0)
        transport = ScriptedTransport { call, number in
            guard call.url.hasPrefix("https://renew.example") else { return await script(call, number) }
            let next = renewals.withLock { renewals in
                renewals += 1
                return renewals
            }
            return .success(.json(Tokens.pair(next)))
        }
        drive = HTTPDrive(
            configuration, transport: transport, time: time, random: { 0.5 }, logger: quiet)
    }
}

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// The error of this type that `body` throws, for `#expect`.
func failure<Failure: Error>(
    _ type: Failure.Type = DriveError.self, _ body: () async throws -> some Any
) async -> Failure? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? Failure
    }
}
