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
                (facts: try file.facts(), entries: content.base == nil ? [] : try file.entries())
            }
            if let facts = found.facts {
                let isAsSealed = facts.size == content.size && facts.modified == content.modified
                if content.state == .open || !isAsSealed {
                    try await onDisk { () throws(SpoolError) in
                        try file.synchronize()
                        try file.synchronizeLog()
                    }
                    machine.handle(.changed)
                    let (present, baseEnd) = Self.replay(found.entries, content)
                    machine.handle(
                        .sealed(
                            size: facts.size, modified: facts.modified, baseEnd: min(baseEnd, facts.size),
                            present: content.base == nil
                                ? [ByteRange(0, facts.size)] : RangeSet(present.ranges, below: facts.size).ranges))
                }
            } else if machine.record.upload?.phase != .placing {
                machine.handle(.failed("its bytes are gone from the spool folder"))
                log.error("the bytes of “\(record.place.name)” are gone from the spool folder")
            }
        }
        let draft = Draft(machine, file: file, time: time)
        enter(draft)
        return draft
    }

    /// What the spool has, by its log: the base's end moves both ways, and takes what lay beyond it along.
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
