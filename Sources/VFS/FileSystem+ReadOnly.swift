import Basics

/// What a filesystem answers that cannot be changed.
extension FileSystem {
    public func setAttributes(
        of inode: InodeNumber, to change: AttributeChange, through handle: FileHandle?
    ) async throws(FSError) -> AttributesReply { throw .readOnly }

    public func create(
        _ place: Place, permissions: UInt32, _ flags: OpenFlags, exclusive: Bool, by caller: Caller
    ) async throws(FSError) -> (entry: Entry, opened: OpenReply) { throw .readOnly }

    public func makeFile(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        throw .readOnly
    }

    public func makeDirectory(_ place: Place, permissions: UInt32, by caller: Caller) async throws(FSError) -> Entry {
        throw .readOnly
    }

    public func makeSymbolicLink(_ place: Place, to target: [UInt8], by caller: Caller) async throws(FSError) -> Entry {
        throw .readOnly
    }

    public func target(ofSymbolicLink inode: InodeNumber) async throws(FSError) -> [UInt8] { throw .invalidArgument }
    public func remove(_ place: Place) async throws(FSError) { throw .readOnly }
    public func removeDirectory(_ place: Place) async throws(FSError) { throw .readOnly }
    public func rename(_ old: Place, to new: Place, _ mode: RenameMode) async throws(FSError) { throw .readOnly }
    public func write(_ handle: FileHandle, at offset: Int64, _ bytes: WriteBytes) async throws(FSError) {
        throw .readOnly
    }
    public func flush(_ handle: FileHandle) async throws(FSError) {}
    public func synchronize(_ handle: FileHandle) async throws(FSError) {}
    public func synchronizeDirectory(_ handle: DirectoryHandle) async throws(FSError) {}
    public func allocate(_ handle: FileHandle, _ range: ByteRange, _ mode: AllocationMode) async throws(FSError) {
        throw .readOnly
    }
    public func seek(_ handle: FileHandle, _ target: SeekTarget, from offset: Int64) async throws(FSError) -> Int64 {
        throw .notSupported
    }
    public func copy(
        _ source: FileHandle, at offset: Int64, to target: FileHandle, at targetOffset: Int64, count: Int64
    ) async throws(FSError) -> Int64 { throw .readOnly }
    public func setExtendedAttribute(
        _ name: FileName, of inode: InodeNumber, to value: [UInt8], _ mode: AttributeSetMode
    ) async throws(FSError) { throw .readOnly }
    public func removeExtendedAttribute(_ name: FileName, of inode: InodeNumber) async throws(FSError) {
        throw .readOnly
    }
}
