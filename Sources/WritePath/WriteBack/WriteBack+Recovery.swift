import Basics
import Drive
import MetadataStore

extension WriteBack {
    /// Makes drafts of all rows of an earlier run. They go on as live ones do: the same machine, told that the calls
    /// which its row announces may have been made (docs/journal.md).
    public func recover() async throws(WriteError) -> [Draft] {
        do throws(StoreError) {
            let records = try await journal.drafts()
            state.withLock { $0.nextID = (records.map(\.id.rawValue).max() ?? 0) + 1 }
            var drafts: [Draft] = []
            for record in records { drafts.append(try await recover(record)) }
            let strays = try await onDisk { [spool] () throws(SpoolError) in
                try spool.removeStrays(keeping: Set(records.map(\.id)))
            }
            if strays > 0 { log.info("\(strays) files of finished uploads removed from the spool") }
            if !drafts.isEmpty {
                try await save(drafts, durable: true)
                log.info("\(drafts.count) unfinished changes of an earlier run are taken up again")
            }
            for draft in drafts { wake(draft) }
            return drafts
        } catch {
            throw .journal(error)
        }
    }

    private func recover(_ record: DraftRecord) async throws(StoreError) -> Draft {
        var machine = DraftMachine(record, settings.policy, isRecovered: true)
        let file = spool.file(record.id)
        if let content = record.content, !record.isRemoved {
            let found = try await onDisk { () throws(SpoolError) in
                let found = try file.found(of: content)
                if found?.isAsSealed == false {
                    try file.synchronize()
                    try file.synchronizeLog()
                }
                return found
            }
            if let found {
                if !found.isAsSealed { machine.handle(.changed) }
                // A sealed file's log may be ahead of its row too: what was fetched from the base.
                machine.handle(
                    .sealed(
                        size: found.size, modified: found.modified, baseEnd: found.baseEnd,
                        present: found.present.ranges))
            } else if machine.record.upload?.phase != .placing {
                machine.handle(.failed("its bytes are gone from the spool folder"))
                log.error("the bytes of “\(record.place.name)” are gone from the spool folder")
            }
        }
        let draft = Draft(machine, file: file, time: time)
        enter(draft)
        return draft
    }

    /// What a log says: the base's end moves both ways, and takes what lay beyond it along.
    static func replay(_ entries: [SpoolFile.RangeEntry], _ content: DraftContent) -> (RangeSet, Int64) {
        if entries.isEmpty { return (RangeSet(content.present), content.baseEnd) }
        var present = RangeSet()
        var baseEnd = content.baseEnd
        for entry in entries {
            switch entry {
            case .present(let range): present.insert(range)
            case .baseEnd(let end):
                baseEnd = end
                present.cut(at: end)
            }
        }
        return (present, baseEnd)
    }

    private func onDisk<T: Sendable>(
        _ body: @escaping @Sendable () throws(SpoolError) -> T
    ) async throws(StoreError) -> T {
        do throws(SpoolError) {
            return try await disk.run(body)
        } catch {
            throw StoreError("\(error)")
        }
    }
}

extension SpoolFile {
    /// What an earlier run left of a draft.
    struct Found {
        var size: Int64
        var modified: UnixTime
        var baseEnd: Int64
        var present: RangeSet
        var isAsSealed: Bool
    }

    /// `nil` when the bytes are gone.
    func found(of content: DraftContent) throws(SpoolError) -> Found? {
        guard let facts = try facts() else { return nil }
        let isAsSealed = facts.size == content.size && facts.modified == content.modified
        var found = Found(
            size: facts.size, modified: facts.modified, baseEnd: min(content.baseEnd, facts.size),
            present: RangeSet([ByteRange(0, facts.size)]), isAsSealed: isAsSealed && content.state == .sealed)
        if content.base != nil {
            let (present, baseEnd) = WriteBack.replay(try entries(), content)
            // The crash came between the file's length and its log: what it grows by later is not the base's.
            if facts.size < baseEnd { try append(.baseEnd(facts.size)) }
            (found.present, found.baseEnd) = (RangeSet(present.ranges, below: facts.size), min(baseEnd, facts.size))
        }
        return found
    }
}
