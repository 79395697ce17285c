import Basics
import Drive
import MetadataStore

// How a draft comes to be.
extension WriteBack {
    /// A new file at `place`, with the row of the journal that makes it last. Its inode number is new.
    public func makeFile(
        at place: DrivePlace, replacing replaced: [ReplacedObject] = [],
        _ extra: @Sendable (UInt64) -> JournalChange = { _ in JournalChange() }
    ) async throws(WriteError) -> Draft {
        let id = newID()
        let key = NodeKey(ObjectID(drive: place.folder.drive, file: .local(id)))
        let content = DraftContent(state: .open, revision: 1, size: 0, modified: time.wallTime())
        do throws(StoreError) {
            guard let inode = try await numbers.inodeNumbers(for: [key]).first else {
                throw StoreError("no inode number was given")
            }
            let record = DraftRecord(id: id, inode: inode, place: place, content: content, replaced: replaced)
            return try await begin(record, extra(inode))
        } catch {
            throw .journal(error)
        }
    }

    /// A draft of a file that the drive has, to change its bytes; the one that there is already if there is one.
    ///
    /// - Parameter keeps: how many of the stored bytes count; 0 for a file that is emptied.
    public func edit(
        _ inode: UInt64, _ object: PlacedObject, _ base: BaseContent, keeps: Int64
    ) async throws(WriteError) -> Draft {
        let content = DraftContent(
            state: .open, revision: 1, size: keeps, modified: time.wallTime(), base: keeps > 0 ? base : nil,
            baseEnd: keeps)
        // One at a time: two who begin at once get the same draft.
        return try await beginnings.pass { () async throws(WriteError) in
            if let draft = draft(of: inode) { return try await add(content, to: draft) }
            let record = DraftRecord(id: newID(), inode: inode, place: object.place, content: content, object: object)
            do throws(StoreError) {
                return try await begin(record, JournalChange())
            } catch {
                throw .journal(error)
            }
        }
    }

    /// A file that is being moved is changed too.
    private func add(_ content: DraftContent, to draft: Draft) async throws(WriteError) -> Draft {
        if draft.hasContent { return draft }
        do throws(SpoolError) {
            try await disk.run { () throws(SpoolError) in
                try draft.file.create()
                if content.size > 0 { try draft.file.setSize(content.size) }
            }
        } catch {
            throw .spool(error)
        }
        let isBegun: Void? = draft.change { state in
            state.machine.handle(.began(content))
            state.present = RangeSet()
            state.logged = RangeSet()
            state.filled = RangeSet()
            state.size = content.size
            state.modified = content.modified
            state.baseEnd = content.baseEnd
            state.running = content.size == 0 ? RunningHash() : nil
        }
        // A draft that ends is no obstacle to whoever looks again.
        guard isBegun != nil else { throw .removed }
        try await saving { () async throws(StoreError) in try await save([draft]) }
        return draft
    }

    private func begin(_ record: DraftRecord, _ extra: JournalChange) async throws(StoreError) -> Draft {
        let draft = Draft(DraftMachine(record, settings.policy), file: spool.file(record.id), time: time)
        let size = record.content?.size ?? 0
        do throws(SpoolError) {
            try await disk.run { () throws(SpoolError) in
                try draft.file.create()
                if size > 0 { try draft.file.setSize(size) }
            }
        } catch {
            throw StoreError("\(error)")
        }
        enter(draft)
        do {
            try await save([draft], with: extra)
        } catch {
            leave(draft)
            removeSpool(of: draft)
            throw error
        }
        return draft
    }

    /// Nothing of it is needed any more. What cannot be removed now is removed at the next start.
    func removeSpool(of draft: Draft) {
        tasks.spawn { [disk, log] in
            do {
                try await disk.run { () throws(SpoolError) in try draft.file.remove() }
            } catch {
                log.error("a file of the spool is left over: \(error)")
            }
        }
    }
}
