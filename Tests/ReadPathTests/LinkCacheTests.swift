import Basics
import Drive
import TestSupport
import Testing

@testable import ReadPath

@Suite(.timeLimit(.minutes(1))) struct LinkCacheTests {
    let time = ManualTime()
    let drive: FakeDrive
    let links: LinkCache
    let object: ObjectID

    init() {
        drive = FakeDrive(time: time)
        links = LinkCache(drive: drive, time: time)
        object = drive.object(drive.addFile("file", .bytes([1, 2, 3])))
    }

    private func link(
        _ urgency: Urgency = .foreground, replacing old: DownloadLink? = nil
    ) async throws -> DownloadLink {
        try await links.link(for: object, stream: nil, replacing: old, urgency)
    }

    @Test func oneRequestServesAllForTheLinksLife() async throws {
        let gate = FakeGate()
        drive.script(.downloadLinks, .hold(gate))
        async let first = link()
        async let second = link()
        await gate.arrivals(atLeast: 1)
        gate.open()
        let (one, two) = try await (first, second)
        #expect(one == two)
        time.advance(by: .seconds(700))
        #expect(try await link() == one)
        #expect(drive.calls(of: .downloadLinks) == 1)
    }

    @Test func aLinkAtTheEndOfItsLifeIsNotUsed() async throws {
        let old = try await link()
        time.advance(by: .seconds(850))
        #expect(try await link() != old)
    }

    @Test func aShortLifeIsUsedForThreeQuarters() async throws {
        drive.set { $0.linkLife = .seconds(8) }
        let old = try await link()
        time.advance(by: .seconds(3))
        #expect(try await link() == old)
        time.advance(by: .seconds(4))
        #expect(try await link() != old)
    }

    @Test func twoWhoReplaceTheSameLinkMakeOneRequest() async throws {
        let old = try await link()
        let new = try await link(replacing: old)
        #expect(new != old)
        #expect(try await link(replacing: old) == new)
        #expect(drive.calls(of: .downloadLinks) == 2)
    }

    @Test func aRequestThatNobodyWaitsForIsTakenBack() async throws {
        let gate = FakeGate()
        drive.script(.downloadLinks, .hold(gate))
        let waiter = Task { try await link() }
        await gate.arrivals(atLeast: 1)
        waiter.cancel()
        await #expect(throws: DriveError.cancelled) { try await waiter.value }
        await until { gate.heldCount == 0 }
        _ = try await link()
        #expect(drive.calls(of: .downloadLinks) == 2)
    }

    @Test func aBackgroundRequestMovesForwardForAReader() async throws {
        let gate = FakeGate()
        drive.script(.downloadLinks, .hold(gate))
        let ahead = Task { try await link(.background) }
        await gate.arrivals(atLeast: 1)
        let now = try await link(.foreground)
        #expect(try await ahead.value == now)
        #expect(drive.log.map(\.urgency) == [.background, .foreground])
    }

    @Test func aFailureIsNotKept() async throws {
        drive.script(.downloadLinks, .fail(.unreachable("no route")))
        await #expect(throws: DriveError.unreachable("no route")) { try await link() }
        _ = try await link()
    }

    @Test func aMissingStreamIsAnErrorAndNotACrash() async {
        await #expect(throws: DriveError.self) {
            try await links.link(for: object, stream: "mov", replacing: nil, .foreground)
        }
    }
}
