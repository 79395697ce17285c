import Basics
import Drive
import Foundation
import Logging
import MetadataStore
import ReadPath
import Synchronization
import TestSupport
import WritePath

/// What survives a crash of the process: the drive, the journal and the spool folder; and the clock.
final class World: Sendable {
    let time = ManualTime()
    let fake: FakeDrive
    let store = MemoryStore()
    let folder: String

    init() {
        fake = FakeDrive(time: time)
        fake.set { $0.smallestPart = 1 }
        folder = NSTemporaryDirectory() + "spool-\(UUID().uuidString)"
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: folder) } catch { return }
    }

    var root: ObjectID { fake.object(.root) }

    /// The names of what is in the spool.
    var spooled: [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder) } catch { return [] }
    }

    var rows: [DraftRecord] {
        get async {
            do { return try await store.drafts() } catch { return [] }
        }
    }
}

/// One life of the process: a write side on a world.
final class Life: Sendable {
    let world: World
    let kill: KillSwitch
    let back: WriteBack
    private let reader: ContentReader
    private let writes = Mutex(0)

    static let settings = WriteSettings(
        delay: .milliseconds(10), policy: UploadPolicy(hashedFirstMax: 1_000, partSize: 102_400), diskReserve: 0)

    init(_ world: World, dyingAt limit: Int = 0, _ settings: WriteSettings = Life.settings) throws {
        self.world = world
        kill = KillSwitch(at: limit)
        let drive = MortalDrive(world.fake, kill)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        reader = ContentReader(drive: drive, time: world.time, logger: logger, jitter: { 0 })
        back = WriteBack(
            drive: drive, store: MortalStore(world.store, kill), reader: reader,
            spool: try Spool(path: world.folder), settings: settings, time: world.time, random: { 0 }, log: logger)
    }

    func begin() async throws {
        _ = try await back.recover()
        back.start()
    }

    func end() async {
        kill.release()
        await back.shutdown()
        reader.shutDown()
    }

    /// Lets time pass until `isDone`; false when that takes for ever. The clock moves only when nobody does anything:
    /// the disk's threads are real, so a moment of real time shows whether somebody does. A long one where the clock is
    /// to jump far: somebody's patience would be at its end, and the machine may only be busy with something else.
    func pass(until isDone: () async -> Bool) async -> Bool {
        var (seen, quiet) = (-1, 0)
        for _ in 0..<20_000 {
            if await isDone() { return true }
            for _ in 0..<10 { await Task.yield() }
            if seen != kill.passed {
                (seen, quiet) = (kill.passed, 0)
                continue
            }
            do { try await Task.sleep(for: .microseconds(300)) } catch { return false }
            guard seen == kill.passed, let next = world.time.nextDeadline else { continue }
            let jump = max(.zero, next - world.time.now())
            quiet += 1
            if jump > .seconds(60), quiet < 300 { continue }
            quiet = 0
            world.time.advance(by: jump)
        }
        return await isDone()
    }

    /// After its end: returns when what was going on at other places has come to a point too. A dead process does
    /// nothing more, but this one's disk threads do: a write that has begun is given longer, as it passes no point.
    func rest() async {
        var (seen, still) = (kill.heldCount, 0)
        while still < (writes.withLock { $0 } > 0 ? 200 : 3) {
            do { try await Task.sleep(for: .milliseconds(1)) } catch { return }
            let now = kill.heldCount
            still = now == seen ? still + 1 : 0
            seen = now
        }
    }

    /// Does `body`, which writes to the spool.
    func spooling(_ body: () async throws -> Bool) async rethrows -> Bool {
        writes.withLock { $0 += 1 }
        defer { writes.withLock { $0 -= 1 } }
        return try await body()
    }

    func drain() async -> Bool { await pass { back.drafts.isEmpty } }
}
