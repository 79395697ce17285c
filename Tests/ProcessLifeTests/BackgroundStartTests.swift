import Basics
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife
@testable import Settings

/// With the shell as the child that reports.
@Suite struct BackgroundStartTests {
    let time = ManualTime()
    let stop = StopSignal()

    func start(_ script: String) async throws(MountFailure) {
        let start = BackgroundStart(time: time, limit: .seconds(60))
        let environment = ProcessInfo.processInfo.environment
        try await start.run("/bin/sh", ["sh", "-c", script], environment: environment, stop: stop)
    }

    func failure(_ script: String) async -> MountFailure? {
        do throws(MountFailure) { try await start(script) } catch { return error }
        return nil
    }

    @Test func readyIsReady() async throws {
        try await start("test \"$ALIYUNFS_READINESS\" = 3 && echo ready >&3")
    }

    @Test func theChildsOwnWordsAndStatusComeBack() async {
        let failure = await failure("echo 'failed 77 log in: do this' >&3; exit 1")
        #expect(failure == MountFailure(.loginNeeded, "log in: do this"))
    }

    @Test func aChildThatEndsSilentlyIsToldOf() async {
        #expect(
            await failure("exit 9")
                == MountFailure(
                    .software,
                    "the mount ended with status 9 before it was ready; 'aliyunfs mount --foreground' shows why"))
        #expect(await failure("kill -KILL $$")?.message.hasPrefix("the mount ended by signal 9 before") == true)
    }

    @Test(arguments: ["rea", "ready", "failed", "failed x y", "failed 5 y", "\\377"])
    func whatIsNoReportIsNone(text: String) async {
        #expect(await failure("printf '\(text)' >&3")?.status == .software)
        #expect(await failure("printf '\(text)' >&3; echo x >&3")?.status == .software)
    }

    @Test func aChildThatIsNotReadyInTimeIsEnded() async throws {
        let work = try Workplace()
        let mark = work.path.appending("pid")
        async let failed = failure("echo $$ > '\(mark)'; exec sleep 600")
        // The two waits are for the report, then for the end of the child.
        await time.sleepers(atLeast: 1)
        time.advance(by: .seconds(60))
        let failure = await failed
        #expect(failure?.status == .unavailable)
        #expect(failure?.message.hasPrefix("not ready after 1m, gave up; ") == true)
    }

    @Test func askedToStopTheChildIsEnded() async {
        async let failed = failure("exec sleep 600")
        await time.sleepers(atLeast: 1)
        stop.request()
        #expect(await failed?.message.hasPrefix("the mount ended by signal 15 before") == true)
    }

    @Test func theChildIsInASessionOfItsOwn() async {
        let failure = await failure("read -r _ _ _ _ _ session _ < /proc/$$/stat; echo \"failed 70 $session $$\" >&3")
        let numbers = failure?.message.split(separator: " ")
        #expect(numbers?.count == 2)
        #expect(numbers?.first == numbers?.last)
    }

    @Test func aProgramThatIsNotThere() async {
        let start = BackgroundStart(time: time, limit: .seconds(60))
        await #expect(throws: MountFailure.self) {
            try await start.run("/nowhere/at/all", ["x"], environment: [:], stop: stop)
        }
    }

    @Test func reportsReadBack() {
        for report in [ReadinessReport.ready, .failed(MountFailure(.usage, "two words"))] {
            #expect(ReadinessReport(Array(report.line.utf8)) == report)
        }
        #expect(ReadinessReport.failed(MountFailure(.usage, "a\nb")).line == "failed 64 a b\n")
    }

    @Test func onlyAProcessThatWasStartedToReportReports() {
        var surroundings = Surroundings(environment: [:], workingDirectory: "/", home: nil, isRoot: false)
        #expect(ReadinessReporter(&surroundings) == nil)
        surroundings.environment["ALIYUNFS_READINESS"] = "0"
        #expect(ReadinessReporter(&surroundings) == nil)
        #expect(surroundings.environment.isEmpty)
    }
}
