import Foundation
import Glibc
import SystemPackage
import Testing

@testable import ProcessLife

@Suite struct ServiceNotifierTests {
    /// A datagram socket that somebody can write to.
    func listener(_ address: [UInt8]) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(SocketAddress.withAddress(address) { bind(descriptor, $0, $1) } == 0)
        return descriptor
    }

    func received(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 1_000)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        close(descriptor)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func aSocketInTheFileSystemIsTold() throws {
        let work = try Workplace()
        let path = work.path.appending("notify")
        let descriptor = try listener(Array(path.string.utf8))
        #expect(ServiceNotifier(["NOTIFY_SOCKET": path.string]).notify("READY=1"))
        #expect(received(descriptor) == "READY=1")
    }

    @Test func anAbstractSocketIsTold() throws {
        let name = "aliyunfs-test-\(UUID())"
        let descriptor = try listener([0] + Array(name.utf8))
        #expect(ServiceNotifier(["NOTIFY_SOCKET": "@\(name)"]).notify("STOPPING=1"))
        #expect(received(descriptor) == "STOPPING=1")
    }

    @Test(arguments: ["", "relative", "/nowhere/at/all", "/" + String(repeating: "x", count: 200)])
    func aSocketThatIsNoneIsNoTrouble(name: String) {
        #expect(!ServiceNotifier(["NOTIFY_SOCKET": name]).notify("READY=1"))
        #expect(!ServiceNotifier([:]).notify("READY=1"))
    }
}
