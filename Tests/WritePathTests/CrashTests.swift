import Basics
import Drive
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import WritePath

/// The process dies at every point of every scenario, and another one takes up what it left: nothing that was
/// acknowledged is lost, nothing is there twice, nothing is left over.
@Suite(.serialized) struct CrashTests {
    static let covered = Mutex(0)

    @Test(arguments: Scenario.chosen)
    func nothingAcknowledgedIsLost(in scenario: Scenario) async throws {
        var points = 0
        for limit in 1...1_000 {
            let trial = try Trial(scenario)
            guard let point = try await trial.run(dyingAt: limit) else { break }
            points += 1
            await trial.check("“\(scenario.name)”, point \(limit) (\(point))")
        }
        #expect(points > 4, "“\(scenario.name)” has points to die at")
        let all = Self.covered.withLock { covered in
            covered += points
            return covered
        }
        print("crash test: “\(scenario.name)” \(points) points, \(all) so far")
    }

    /// The one that takes up the work dies as well.
    @Test(arguments: Scenario.chosen)
    func twoCrashes(in scenario: Scenario) async throws {
        for (limit, second) in [(5, 2), (7, 3), (9, 1), (11, 5), (14, 4), (17, 7), (22, 6)] {
            let trial = try Trial(scenario)
            guard let point = try await trial.run(dyingAt: limit) else { return }
            let again = try await trial.takeUp(dyingAt: second)
            await trial.check("“\(scenario.name)”, points \(limit) (\(point)) and \(second) (\(again ?? "-"))")
        }
    }
}

/// One scenario on one world.
private final class Trial {
    let scenario: Scenario
    let world = World()
    private var stage: Stage?
    /// What the journal knew nothing of when somebody died.
    private var unsaved: Set<ObjectID> = []

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        for (name, content) in scenario.before.sorted(by: { $0.key < $1.key }) {
            world.fake.addFile(FileName(bytes: Array(name.utf8)), content)
        }
        world.fake.addFolder("d")
    }

    /// Returns where the process died; `nil` when it came to the end alive, which is checked too.
    func run(dyingAt limit: Int) async throws -> String? {
        let life = try Life(world, dyingAt: limit)
        try await life.begin()
        let stage = Stage(life, scenario.before)
        let isOver = Mutex(false)
        let play = Task { [scenario] in
            do {
                try await scenario.body(stage)
            } catch {
                if life.kill.died == nil { Issue.record("“\(scenario.name)”: \(error)") }
            }
            isOver.withLock { $0 = true }
        }
        let isSettled = await life.pass {
            life.kill.died != nil || (isOver.withLock { $0 } && life.back.drafts.isEmpty)
        }
        let died = life.kill.died
        if died != nil { await life.rest() }
        self.stage = stage
        #expect(isSettled, "“\(scenario.name)” ends: \(life.back.statuses)")
        if died == nil { await check("“\(scenario.name)” without a crash") }
        await leave(life, play)
        return died
    }

    func takeUp(dyingAt limit: Int) async throws -> String? {
        let life = try Life(world, dyingAt: limit)
        let isBegun = Mutex(false)
        let begin = Task {
            do { try await life.begin() } catch { return }
            isBegun.withLock { $0 = true }
        }
        _ = await life.pass { life.kill.died != nil || (isBegun.withLock { $0 } && life.back.drafts.isEmpty) }
        let died = life.kill.died
        if died != nil { await life.rest() }
        await leave(life, begin)
        return died
    }

    /// The dead one is kept until the end, so that it does nothing more.
    private var graves: [(Life, Task<Void, Never>)] = []
    private func leave(_ life: Life, _ play: Task<Void, Never>) async { graves.append((life, play)) }

    func check(_ words: String) async {
        // A thread of the dead one may still make a file that it began to make: that is for the start after this.
        let found = Set(world.spooled.map(Self.id))
        do {
            let life = try Life(world)
            try await life.begin()
            let isDrained = await life.drain()
            #expect(isDrained, "\(words): the queue ends: \(life.back.statuses)")
            await life.end()
        } catch {
            Issue.record("\(words): \(error)")
        }
        for (life, _) in graves { unsaved.formUnion(life.kill.unsaved) }
        let rows = await world.rows
        #expect(rows.isEmpty, "\(words): rows are left: \(rows)")
        let left = world.spooled.filter { found.contains(Self.id($0)) }
        #expect(left.isEmpty, "\(words): files are left in the spool: \(left)")
        // An unanswered creation may leave a placeholder, which nobody sees and which the drive drops by itself.
        let open = Set(world.fake.unfinishedUploads.map(\.object))
        #expect(open.isSubset(of: unsaved), "\(words): uploads are left open")
        checkTree(words)
        for (life, play) in graves {
            await life.end()
            await play.value
        }
        graves = []
    }

    private static func id(_ name: String) -> Substring { name.prefix { $0 != "." } }

    private func checkTree(_ words: String) {
        var tree = world.fake.tree().filter { $0.value != [.folder] }
        // An unanswered copy under another name cannot be told from somebody else's (docs/journal.md).
        for id in world.fake.ids(named: "b(1)") where unsaved.contains(world.fake.object(id)) { tree["b(1)"] = nil }
        let wanted = (stage?.outcomes ?? []).map { $0.mapValues { [FakeDrive.Entry.file($0)] } }
        #expect(
            wanted.contains(tree),
            """
            \(words): the drive has \(tree.mapValues { $0.map(\.size) }), wanted \
            \(wanted.map { $0.mapValues { $0.map(\.size) } })
            """)
    }
}
