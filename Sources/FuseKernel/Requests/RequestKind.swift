/// The kernel's requests that reach the filesystem.
public enum RequestKind: Int, Hashable, Sendable, CaseIterable {
    case lookup, forget, attributes, open, read, release
    case openDirectory, readDirectory, releaseDirectory
    case statistics, extendedAttribute, extendedAttributeNames
    case setAttributes, setExtendedAttribute, removeExtendedAttribute
    case create, makeFile, makeDirectory, makeSymbolicLink, readSymbolicLink, link
    case remove, removeDirectory, rename
    case write, flush, synchronize, synchronizeDirectory, allocate, seek, copy
}
