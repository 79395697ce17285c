import Basics
import Foundation
import MetadataStore
import RemoteFS
import Status
import VFS
import WritePath

/// Answers what the commands ask of a running mount (`Inquiry`).
struct InquiryDesk: Sendable {
    /// What fits into one attribute for certain.
    static let answerMax = 60_000
    private static let pageMax = 100

    let filesystem: RemoteFS
    let time: any TimeSource

    func answer(_ name: FileName, about inode: InodeNumber) async throws(FSError) -> [UInt8] {
        switch Inquiry(attribute: name.text) {
        case .sync(let milliseconds)?: return try await sync(inode, milliseconds)
        case .changes(let id)?: return await changes(after: id)
        case .retry(let id)?:
            let isDone = try await filesystem.retry(DraftID(id))
            return Self.done(isDone, isDone ? "is tried again" : Self.unknown)
        case .cancel(let id)?: return try await cancel(id)
        case .refresh(let isRecursive)?:
            let count = try await filesystem.refresh(inode, isRecursive: isRecursive)
            return Self.done(true, count == 1 ? "1 cached listing dropped" : "\(count) cached listings dropped")
        case nil: throw .noSuchAttribute
        }
    }

    private func sync(_ inode: InodeNumber, _ milliseconds: UInt64?) async throws(FSError) -> [UInt8] {
        let limit = milliseconds.map { Duration.milliseconds(Int64(clamping: min($0, 1 << 40))) }
        let outcome = try await filesystem.settle(inode, until: limit.map { time.now() + $0 })
        var failed: [StatusReport.Change] = []
        for draft in outcome.stuck.prefix(5) {
            failed.append(StatusReport.Change(draft, path: await filesystem.storedPath(of: draft.place)))
        }
        return Self.json(
            Inquiry.Synced(
                isComplete: outcome.isComplete, changes: outcome.changes, failures: outcome.stuck.count,
                failed: failed))
    }

    private func changes(after id: UInt64) async -> [UInt8] {
        let rest = filesystem.writing.statuses.filter { $0.id.rawValue > id }
        var page: [StatusReport.Change] = []
        for draft in rest.prefix(Self.pageMax) {
            page.append(StatusReport.Change(draft, path: await filesystem.storedPath(of: draft.place)))
        }
        while true {
            let next = page.count < rest.count ? page.last?.id : nil
            let answer = Self.json(Inquiry.Changes(changes: page, next: next))
            if answer.count <= Self.answerMax || page.count <= 1 { return answer }
            page.removeLast((page.count + 1) / 2)
        }
    }

    private func cancel(_ id: UInt64) async throws(FSError) -> [UInt8] {
        switch try await filesystem.cancel(DraftID(id)) {
        case .removed: Self.done(true, "the new file is gone")
        case .reverted: Self.done(true, "the drive's version shows again")
        case .unknown: Self.done(false, Self.unknown)
        case .nothingUnsent: Self.done(false, "has no unsent bytes, only a rename or a removal that is under way")
        case .open: Self.done(false, "some program has the file open; close it first")
        case .busy: Self.done(false, "a step of its upload is under way; try again in a moment")
        }
    }

    private static let unknown = "no such change is waiting (any more)"

    private static func done(_ isDone: Bool, _ words: String) -> [UInt8] {
        json(Inquiry.Done(isDone: isDone, words: words))
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        do {
            return Array(try StatusReport.encoder().encode(value))
        } catch {
            preconditionFailure("an answer of numbers and text is always JSON: \(error)")
        }
    }
}
