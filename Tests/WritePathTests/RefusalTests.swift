import Basics
import Drive
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// Refusals that are no last word.
@Suite(.serialized) struct RefusalTests {
    private static let refusal = Refusal(status: 400, code: "InvalidParameter.Size", message: "the fake's words")

    @Test(arguments: [DriveError.notFound(refusal), .inRecycleBin(refusal)])
    func whatIsToBeCompletedIsGone(_ error: DriveError) async throws {
        let play = try await Play()
        play.stage.at("before completeUpload") { stage in
            for upload in stage.fake.unfinishedUploads { stage.fake.dropUpload(upload) }
            stage.fake.script(.completeUpload, .fail(error))
        }
        try await play.stage.create("a", Scenario.large)
        await play.settle("gone")
        #expect(play.fake.calls(of: .createFile) == 2)
    }

    /// A part counts as sent and the drive does not have it: all are sent once more, and then it is the last word.
    @Test func aCompletionIsRefusedOnceAndTwice() async throws {
        let once = try await Play()
        once.fake.script(.completeUpload, .fail(.rejected(Self.refusal)))
        try await once.stage.create("a", Scenario.large)
        await once.settle("once")
        #expect(once.fake.log.compactMap(\.part) == [1, 2, 3, 4, 1, 2, 3, 4])

        let twice = try await Play()
        twice.fake.script(.completeUpload, times: 2, .fail(.rejected(Self.refusal)))
        try await twice.stage.create("a", Scenario.small)
        await twice.wait("fails") { $0.life.back.statuses.first?.stage == .failed }
        let status = try #require(twice.life.back.statuses.first)
        #expect(status.trouble?.contains("the fake's words") == true, "\(status)")
        #expect(try await twice.life.back.retry(status.id))
        await twice.settle("twice")
    }

    /// The drive says that the name is taken and not by what.
    @Test func aNameIsTakenByNobodyKnowsWhat() async throws {
        let play = try await Play()
        play.fake.script(.createFile, .fail(.nameTaken(Self.refusal)))
        play.stage.at("before createFile") { $0.fake.addFile("a", Scenario.other) }
        try await play.stage.create("a", Scenario.small)
        await play.settle("a file of theirs")
        #expect(play.fake.log.filter { $0.function == .remove }.map(\.removal) == [.trash])

        let nobody = try await Play()
        nobody.fake.script(.createFile, .fail(.nameTaken(Self.refusal)))
        try await nobody.stage.create("a", Scenario.small)
        await nobody.settle("nothing has it")
    }
}
