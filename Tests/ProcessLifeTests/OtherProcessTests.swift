import Basics
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife

@Suite struct OtherProcessTests {
    @Test func whoStandsInAFolderHoldsIt() async throws {
        let work = try Workplace()
        let sleeper = Child(["sh", "-c", "echo; kill -STOP $$"], in: work.path.string)
        // The line says that it stands there.
        _ = try await sleeper.firstLine()
        let holders = OtherProcess.holding(work.path, atMost: 3)
        #expect(holders.map(\.pid) == [sleeper.id])
        #expect(holders.first?.name == "sh" || holders.first?.name == "dash")
        #expect(holders.first?.isRunning == true)
        sleeper.send(SIGKILL)
        _ = await sleeper.outcome()
        #expect(holders.first?.isRunning == false)
        #expect(OtherProcess.holding(work.path, atMost: 3).isEmpty)
    }

    @Test func nobodyHasNumberNought() {
        #expect(OtherProcess(pid: 0) == nil)
        #expect(OtherProcess(pid: getpid())?.isRunning == true)
    }

    @Test func waitingForAProcessEndsWithTheDeadline() async throws {
        let time = ManualTime()
        let own = try #require(OtherProcess(pid: getpid()))
        async let ended = own.ends(within: .milliseconds(100), on: time)
        for _ in 0..<2 {
            await time.sleepers(atLeast: 1)
            time.advance(by: .milliseconds(50))
        }
        #expect(await !ended)
    }

    @Test func aToolTellsWhatWentWrong() async throws {
        let tool = Tool(time: ManualTime())
        let environment = ["PATH": "/usr/bin:/bin", "ALIYUNFS_REFRESH_TOKEN": "a.b.c"]
        try await tool.run("true", [], environment: environment)
        await #expect(throws: Tool.Failure.failed("it is busy")) {
            try await tool.run("sh", ["-c", "echo it is busy >&2; echo more; exit 1"], environment: environment)
        }
        await #expect(throws: Tool.Failure.failed("C")) {
            try await tool.run(
                "sh", ["-c", "echo \"$LC_ALL$ALIYUNFS_REFRESH_TOKEN\"; exit 1"], environment: environment)
        }
        await #expect(throws: Tool.Failure.failed("false ended with status 1")) {
            try await tool.run("false", [], environment: environment)
        }
        await #expect(throws: Tool.Failure.notStarted(.noSuchFileOrDirectory)) {
            try await tool.run("/nowhere/at/all", [], environment: environment)
        }
    }
}
