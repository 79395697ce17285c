import Basics
import Drive
import Foundation
import MetadataStore
import TestSupport
import Testing

@testable import WritePath

/// Handles that are opened and closed by many at once.
@Suite(.serialized) struct HandleTests {
    /// Whoever is last, none is left over.
    @Test func twoClosesAtOnce() async throws {
        let play = try await Play()
        let back = play.life.back
        let draft = try await back.makeFile(at: play.stage.place("a"))
        for round in 0..<20_000 {
            for _ in 0..<3 { back.opened(draft.inode, forWriting: false) }
            DispatchQueue.concurrentPerform(iterations: 4) { number in
                // One looks all the time, so that the others wait for their turn.
                if number == 0 { for _ in 0..<30 { _ = draft.status } }
                if number > 0 { back.closed(draft.inode, forWriting: false) }
            }
            let left = draft.state.withLock { $0.opens }
            guard left == 0 else {
                Issue.record("\(left) handles are left open in round \(round)")
                break
            }
        }
        await play.life.end()
    }
}
