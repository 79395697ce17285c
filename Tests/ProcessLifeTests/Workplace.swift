import Foundation
import SystemPackage

/// A folder of a test's own, gone with it.
final class Workplace: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "life-\(UUID())").path)
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    /// What a test left behind does no harm to the next one: each has its own.
    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path.appending(name).string)
        return attributes[.posixPermissions] as? Int ?? -1
    }
}

/// Programs built beside the tests.
enum Built {
    static func program(_ name: String) throws -> FilePath {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return FilePath(runner).removingLastComponent().appending(name)
    }
}
