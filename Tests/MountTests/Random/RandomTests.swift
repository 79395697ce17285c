import AlipanEmulator
import Foundation
import Synchronization
import Testing

extension MountTests {
    /// A mount and an ordinary directory under the same random operations, with remounts and crashes in between.
    /// A new seed each time, said in the failure; `ALIYUNFS_TEST_SEED` chooses one, `ALIYUNFS_TEST_OPERATIONS` makes
    /// the run longer or shorter.
    @Suite struct RandomOperations {
        private static func setting(_ name: String) -> UInt64? {
            ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
        }

        @Test func aMountDoesWhatADirectoryDoes() async throws {
            let seed = Self.setting("ALIYUNFS_TEST_SEED") ?? .random(in: 1...1_000_000)
            let total = Int(Self.setting("ALIYUNFS_TEST_OPERATIONS") ?? 100_000)
            let phases = max(1, total / 5000)
            // A call that a crash left without an answer may be refused when it is repeated.
            try await Rig.with(provokes: true, isLimited: false) { rig in
                rig.emulator.change { $0.asyncMs = 0 }
                try FileManager.default.createDirectory(
                    at: rig.folder.appendingPathComponent("reference"), withIntermediateDirectories: true)
                let run = RandomRun(
                    TwoTrees(mount: rig.mountPoint.path, reference: rig.folder.path + "/reference", seed: seed))
                for phase in 0..<phases {
                    let (life, delay) = (phase % 2 == 0 ? "60s" : "1s", ["0s", "2s", "1s"][phase % 3])
                    try await rig.mount("--dir-cache-time \(life) --upload-delay \(delay) --log-level debug")
                    if let difference = await run.go(total / phases, startsWithAll: phase > 0) {
                        let log = try String(contentsOf: rig.log, encoding: .utf8)
                        Issue.record("seed \(seed), phase \(phase): \(difference)\n\(log.suffix(20_000))")
                        return
                    }
                    if phase % 2 == 0 { try await rig.crash() } else { try await rig.unmount() }
                }
                try await rig.mount()
                try await rig.drained()
                try await rig.expectOnDrive("reference", at: "", isAfterCrash: true)
            }
        }
    }
}

/// Runs operations on a thread that may block.
///
/// `@unchecked Sendable`: only one thread at a time has the trees, the one that `go` makes and waits for.
private final class RandomRun: @unchecked Sendable {
    private let trees: TwoTrees

    init(_ trees: TwoTrees) { self.trees = trees }

    /// Returns what was different, if anything was.
    func go(_ count: Int, startsWithAll: Bool) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                continuation.resume(returning: run(count, startsWithAll: startsWithAll))
            }
        }
    }

    private func run(_ count: Int, startsWithAll: Bool) -> String? {
        do {
            if startsWithAll { try trees.compareAll() }
            for _ in 0..<count { try trees.step() }
            // Nothing is open where the mount ends.
            try trees.closeAll()
            try trees.compareAll()
            return nil
        } catch {
            for handle in trees.handles { for descriptor in handle.descriptors { close(descriptor) } }
            return "\(error)"
        }
    }
}

extension TwoTrees {
    /// One operation of those that there are.
    func step() throws {
        operations += 1
        switch number(0...99) {
        case 0..<12: try openFile()
        case 12..<18: try closeFile()
        case 18..<38: try write()
        case 38..<52: try read()
        case 52..<57: try setSize()
        case 57..<60: try synchronize()
        case 60..<64: try allocate()
        case 64..<67: try copyRange()
        case 67..<69: try map()
        case 69..<71: try seekData()
        case 71..<73: try makeFolder()
        case 73..<75: try makeLink()
        case 75: try makeNode()
        case 76..<79: try remove()
        case 79: try removeFolder()
        case 80..<84: try rename()
        case 84: try link()
        case 85..<87: try changeMode()
        case 87: try changeOwner()
        case 88..<91: try setTimes()
        case 91..<93: try truncatePath()
        case 93..<96: try changeAttribute()
        case 96..<98: try list()
        default: try compareStatus(path(), isFull: true)
        }
    }
}
