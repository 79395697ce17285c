import Basics
import Glibc
import SystemPackage
import Testing

@testable import ProcessLife

@Suite struct SpawnTests {
    /// Other threads open what is not marked close-on-exec while children are started. A child that got it would keep
    /// its far end waiting for as long as it lives.
    @Test func aChildHasNothingButWhatItIsGiven() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    var ends: [Int32] = [0, 0]
                    guard pipe(&ends) == 0 else { return }
                    await Task.yield()
                    for end in ends { close(end) }
                }
            }
            for _ in 0..<200 {
                let open = await Self.descriptorsOfAChild()
                // What the child lists is open in it too, under the first free number.
                #expect(open == ["0", "1", "2", "3", "4"])
            }
            group.cancelAll()
        }
    }

    private static func descriptorsOfAChild() async -> [Substring]? {
        await Blocking.run(within: .seconds(60), on: SystemTime()) {
            do throws(Errno) {
                let channel = try Channel()
                defer { channel.reading.closeQuietly() }
                var spawn = Spawn("/bin/ls", ["ls", "/proc/self/fd"], environment: [:])
                spawn.inNewSession = true
                spawn.descriptors = [(channel.writing, 1), (channel.writing, 3)]
                let child = try spawn.start()
                channel.writing.closeQuietly()
                let text = try channel.reading.readBytes(atMost: 4_096)
                _ = try Spawn.wait(for: child)
                return String(decoding: text, as: UTF8.self).split(separator: "\n")
            } catch { return nil }
        } ?? nil
    }
}
