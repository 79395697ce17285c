import Foundation
import SystemPackage
import Testing

@testable import Settings

/// A user without files and variables, standing in /somewhere, until a test says otherwise.
struct Asking {
    var request = MountRequest(mountPoint: "mnt")
    var surroundings = Surroundings(
        environment: [:], workingDirectory: "/somewhere", home: "/home/me", isRoot: false)

    func resolved() throws(SettingsError) -> MountSettings { try MountSettings.resolve(request, in: surroundings) }

    /// The one line a user gets.
    func complaint(sourceLocation: SourceLocation = #_sourceLocation) -> String {
        do {
            _ = try resolved()
            Issue.record("nothing was refused", sourceLocation: sourceLocation)
            return ""
        } catch {
            return error.message
        }
    }

    static func flag(_ name: String, _ word: String) -> Asking {
        var asking = Asking()
        asking.request.flags = [name: .word(word)]
        return asking
    }

    static func environment(_ name: String, _ text: String) -> Asking {
        var asking = Asking()
        asking.surroundings.environment = [name: text]
        return asking
    }

    static func options(_ texts: String...) -> Asking {
        var asking = Asking()
        asking.request.mountOptions = texts
        return asking
    }
}

/// A configuration file in a folder of its own, gone at the end.
func withConfiguration<Result>(_ text: String, _ body: (Asking, String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let file = folder.appending(path: "config.toml")
    try Data(text.utf8).write(to: file)
    var asking = Asking()
    asking.request.configurationFile = file.path
    return try body(asking, file.path)
}
