import Drive
import Testing

@testable import ReadPath

@Suite struct FetchMachineTests {
    private func machine() -> FetchMachine {
        var machine = FetchMachine()
        _ = machine.handle(.started, isWaitedFor: true, jitter: 0)
        _ = machine.handle(.linked, isWaitedFor: true, jitter: 0)
        return machine
    }

    private func failed(_ failure: DownloadFailure, moved: Int64 = 0) -> FetchMachine.Event {
        .bodyFailed(.download(failure), moved: moved)
    }

    @Test func theWayWithoutTrouble() {
        var machine = FetchMachine()
        #expect(machine.handle(.started, isWaitedFor: false, jitter: 0) == .link(renew: false))
        #expect(machine.handle(.linked, isWaitedFor: false, jitter: 0) == .download)
        #expect(machine.handle(.bodyEnded(moved: 10, complete: true), isWaitedFor: false, jitter: 0) == .finish)
        #expect(machine.retries == 0)
    }

    @Test func anExpiredLinkIsReplacedWithoutCountingButNotForEver() {
        var machine = machine()
        for _ in 0..<3 {
            #expect(machine.handle(failed(.expired), isWaitedFor: true, jitter: 0) == .link(renew: true))
        }
        #expect(machine.retries == 0)
        guard case .fail(.inputOutput) = machine.handle(failed(.expired), isWaitedFor: true, jitter: 0) else {
            Issue.record("the fourth expired link in a row is an error")
            return
        }
    }

    @Test func bytesBetweenExpiriesStartTheCountAnew() {
        var machine = machine()
        for _ in 0..<20 {
            #expect(
                machine.handle(failed(.expired, moved: 1 << 20), isWaitedFor: true, jitter: 0) == .link(renew: true))
        }
    }

    /// Waiting would not make it any more trusted; what reads is told at once.
    @Test func aCertificateThatIsNotTrustedEndsAFetch() {
        for event in [FetchMachine.Event.linkFailed(.untrusted("x: y")), .bodyFailed(.untrusted("x: y"), moved: 0)] {
            var machine = machine()
            let action = machine.handle(event, isWaitedFor: true, jitter: 0)
            #expect(action == .fail(.unreachable("the drive's certificate is not trusted (x: y)")))
        }
    }

    @Test func tooManyStreamsWaitsLongerEachTimeAndKeepsTheLink() {
        var machine = machine()
        for seconds in [1, 2, 4, 4] {
            let action = machine.handle(failed(.tooManyStreams), isWaitedFor: true, jitter: 0)
            #expect(action == .sleep(.seconds(seconds)))
            #expect(machine.handle(.slept, isWaitedFor: true, jitter: 0) == .download)
        }
    }

    @Test func jitterLengthensWaitsByUpToAQuarter() {
        var machine = machine()
        let action = machine.handle(failed(.tooManyStreams), isWaitedFor: true, jitter: 0.5)
        #expect(action == .sleep(.milliseconds(1_125)))
    }

    @Test func aCutIsResumedAtOnceWhileBytesComeAndBackedOffFromOtherwise() {
        var machine = machine()
        for _ in 0..<10 {
            #expect(machine.handle(failed(.cut("reset"), moved: 1 << 20), isWaitedFor: true, jitter: 0) == .download)
        }
        let waits: [FetchMachine.Action] = [500, 1_000, 2_000].map { .sleep(.milliseconds($0)) }
        for (number, wait) in waits.enumerated() {
            let action = machine.handle(failed(.cut("reset")), isWaitedFor: true, jitter: 0)
            #expect(action == [.sleep(.seconds(1)), .sleep(.seconds(2)), .sleep(.seconds(4))][number], "\(wait)")
        }
    }

    @Test func aShortBodyIsACut() {
        var machine = machine()
        #expect(machine.handle(.bodyEnded(moved: 5, complete: false), isWaitedFor: true, jitter: 0) == .download)
    }

    @Test func nobodyWaitingEndsItAfterFewTriesSomebodyWaitingDoesNot() {
        var machine = machine()
        for _ in 0..<30 {
            guard case .sleep = machine.handle(failed(.throttled(status: 503)), isWaitedFor: true, jitter: 0) else {
                Issue.record("a fetch with a waiting reader goes on")
                return
            }
        }
        guard case .fail = machine.handle(failed(.throttled(status: 503)), isWaitedFor: false, jitter: 0) else {
            Issue.record("a fetch without one gives up")
            return
        }
    }

    @Test func backOffIsBounded() {
        var machine = machine()
        for _ in 0..<100 {
            let action = machine.handle(.linkFailed(.unreachable("no route")), isWaitedFor: true, jitter: 0)
            guard case .sleep(let delay) = action else { continue }
            #expect(delay <= .seconds(8))
        }
        #expect(machine.handle(.slept, isWaitedFor: true, jitter: 0) == .link(renew: false))
        #expect(machine.trouble == .unreachable("no route"))
    }

    @Test func aBadSignatureGetsOneNewLink() {
        var machine = machine()
        let bad = failed(.denied("SignatureDoesNotMatch"))
        #expect(machine.handle(bad, isWaitedFor: true, jitter: 0) == .link(renew: true))
        guard case .fail(.inputOutput) = machine.handle(bad, isWaitedFor: true, jitter: 0) else {
            Issue.record("the second is an error")
            return
        }
    }

    @Test func otherDenialsAreBelievedAfterThree() {
        var machine = machine()
        let denied = failed(.denied("RequestDeniedByCallback"))
        for _ in 0..<2 {
            guard case .sleep = machine.handle(denied, isWaitedFor: true, jitter: 0) else {
                Issue.record("tried again")
                return
            }
        }
        #expect(
            machine.handle(denied, isWaitedFor: true, jitter: 0) == .fail(.accessDenied("RequestDeniedByCallback")))
    }

    @Test func aMissingObjectIsAskedForAndIsStaleOrGetsOneNewLink() {
        var machine = machine()
        #expect(machine.handle(failed(.gone), isWaitedFor: true, jitter: 0) == .checkObject)
        #expect(machine.handle(.objectPresent, isWaitedFor: true, jitter: 0) == .link(renew: true))
        guard case .fail(.stale) = machine.handle(failed(.gone), isWaitedFor: true, jitter: 0) else {
            Issue.record("missing again is stale")
            return
        }
        var other = self.machine()
        _ = other.handle(failed(.gone), isWaitedFor: true, jitter: 0)
        #expect(other.handle(.objectGone("trashed"), isWaitedFor: true, jitter: 0) == .fail(.stale("trashed")))
    }

    @Test func otherBytesThanAskedForAreNeverAccepted() {
        var machine = machine()
        let wrong = failed(.wrongRange("200 for a range"))
        #expect(machine.handle(wrong, isWaitedFor: true, jitter: 0) == .link(renew: true))
        guard case .fail(.inputOutput) = machine.handle(wrong, isWaitedFor: true, jitter: 0) else {
            Issue.record("the second is an error")
            return
        }
    }

    @Test(arguments: [
        (DriveError.loginRequired("dead"), ReadError.loginNeeded("dead")),
        (.notFound(Refusal(status: 404, code: "NotFound.FileId", message: "m")), .stale("404 NotFound.FileId: m")),
        (
            .accessDenied(Refusal(status: 403, code: "ForbiddenNoPermission.File", message: "m")),
            .accessDenied("403 ForbiddenNoPermission.File: m")
        ),
        (
            .accountRestricted(Refusal(status: 403, code: "UserNotAllowedAccessResource", message: "m")),
            .accessDenied("403 UserNotAllowedAccessResource: m")
        ),
    ])
    func whatRetryingCannotHealFailsAtOnce(error: DriveError, expected: ReadError) {
        var machine = machine()
        #expect(machine.handle(.linkFailed(error), isWaitedFor: true, jitter: 0) == .fail(expected))
    }
}
