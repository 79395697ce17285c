import Basics
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife

@Suite struct OtherProcessTests {
    @Test func whoStandsInAFolderHoldsIt() throws {
        let work = try Workplace()
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "echo; read _"]
        shell.currentDirectoryURL = URL(filePath: work.path.string)
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        shell.standardInput = input
        shell.standardOutput = output
        try shell.run()
        // The line says that it stands there.
        _ = try output.fileHandleForReading.read(upToCount: 1)
        let holders = OtherProcess.holding(work.path, atMost: 3)
        #expect(holders.map(\.pid) == [shell.processIdentifier])
        #expect(holders.first?.name == "sh" || holders.first?.name == "dash")
        #expect(holders.first?.isRunning == true)
        try input.fileHandleForWriting.close()
        shell.waitUntilExit()
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
