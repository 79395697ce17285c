import Foundation
import Testing

/// The structure of the project as a test: which module may see which, how long a file may be, what is not written.
@Suite struct TidyTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Who may import whom. Anything else that is imported must be a library of `libraries` or of the system.
    static let arrows: [String: Set<String>] = [
        "Basics": [],
        "VFS": ["Basics"],
        "Drive": ["Basics"],
        "MetadataStore": ["Basics", "Drive"],
        "SQLiteStore": ["Basics", "Drive", "MetadataStore"],
        "LivePhoto": ["Basics", "Drive"],
        "ReadPath": ["Basics", "Drive"],
        "RemoteFS": ["Basics", "VFS", "Drive", "MetadataStore", "LivePhoto", "ReadPath", "WritePath"],
        "CLibfuse": [],
        "CFuse": [],
        "FuseKernel": ["Basics", "VFS", "CFuse"],
        "DriveHTTP": ["Basics", "Drive"],
        "Settings": ["Basics"],
        "Status": ["Basics"],
        "CLibc": [],
        "WritePath": ["Basics", "CLibc", "Drive", "MetadataStore", "ReadPath"],
        "ProcessLife": ["Basics", "CLibc", "Settings"],
        "Mounting": [
            "Basics", "VFS", "Drive", "MetadataStore", "SQLiteStore", "LivePhoto", "ReadPath", "WritePath", "RemoteFS",
            "FuseKernel", "DriveHTTP", "Settings", "Status", "ProcessLife",
        ],
        "aliyunfs": ["Basics", "Settings", "Status", "ProcessLife", "Mounting"],
        "AlipanEmulator": [],
        "alipan-emulator": ["AlipanEmulator"],
        "TestSupport": ["Basics", "Drive", "MetadataStore", "ProcessLife"],
    ]

    /// The only modules that see a library which the rest is to be free of.
    static let guarded: [String: Set<String>] = [
        "GRDB": ["SQLiteStore"],
        "AsyncHTTPClient": ["DriveHTTP"],
        "NIOCore": ["DriveHTTP", "AlipanEmulator"],
        "NIOPosix": ["DriveHTTP", "AlipanEmulator"],
        "NIOHTTP1": ["DriveHTTP", "AlipanEmulator"],
        "NIOSSL": ["DriveHTTP", "AlipanEmulator"],
        "CFuse": ["FuseKernel"],
        "TOMLKit": ["Settings"],
        "ArgumentParser": ["aliyunfs", "alipan-emulator"],
    ]

    struct SourceFile: CustomStringConvertible {
        let module: String
        let path: String
        let lines: [String]
        var description: String { path }
    }

    static func files(in folder: String) throws -> [SourceFile] {
        let base = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else { return [] }
        return try walk.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { url in
            let path = url.path.dropFirst(root.path.count + 1)
            let text = try String(contentsOf: url, encoding: .utf8)
            return SourceFile(
                module: String(path.split(separator: "/")[1]), path: String(path),
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    static func imports(_ file: SourceFile) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import") else { return nil }
            guard words[..<at].allSatisfy({ $0.hasPrefix("@") || $0 == "public" }) else { return nil }
            return words.dropFirst(at + 1).last.map { String($0.split(separator: ".")[0]) }
        }
    }

    @Test func everyModuleStandsInTheTable() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appendingPathComponent("Sources").path)
        #expect(Set(folders).isSubset(of: Set(Self.arrows.keys)))
        #expect(!folders.isEmpty)
    }

    @Test func importsGoOneWay() throws {
        for file in try Self.files(in: "Sources") {
            for imported in Self.imports(file) {
                if Self.arrows[imported] != nil {
                    let allowed = try #require(Self.arrows[file.module])
                    #expect(allowed.contains(imported), "\(file.path) imports \(imported)")
                }
                if let users = Self.guarded[imported] {
                    #expect(users.contains(file.module), "\(file.path) imports \(imported)")
                }
            }
        }
    }

    @Test func filesAndLinesStayShort() throws {
        for file in try Self.files(in: "Sources") + Self.files(in: "Tests") {
            #expect(file.lines.count <= 400, "\(file.path) has \(file.lines.count) lines")
            for (number, line) in file.lines.enumerated() where line.count > 120 {
                Issue.record("\(file.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test func whatIsNotWrittenHere() throws {
        let banned = ["fatalError(", "Thread.sleep", "DispatchSemaphore", " as!", "TODO", "FIXME", " try!", " try?"]
        for file in try Self.files(in: "Sources") {
            for (number, line) in file.lines.enumerated() {
                for word in banned where line.contains(word) && !(word == " try?" && Self.isProbing(file)) {
                    Issue.record("\(file.path):\(number + 1) has “\(word)”")
                }
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else { continue }
                if line.trimmingCharacters(in: .whitespaces).hasPrefix("//") { continue }
                let before = file.lines[max(0, number - 3)..<number].joined()
                #expect(before.contains("//"), "\(file.path):\(number + 1) does not say why")
            }
        }
    }

    /// `Child` says why.
    @Test func noTestRunsAChildInAnotherWay() throws {
        for file in try Self.files(in: "Sources") + Self.files(in: "Tests") where file.module != "TidyTests" {
            for (number, line) in file.lines.enumerated() where line.contains(" Process()") {
                Issue.record("\(file.path):\(number + 1) has Foundation's Process")
            }
        }
    }

    /// Where JSON of unknown shape is tried on: what does not fit is an answer there, not an error that is hidden.
    static func isProbing(_ file: SourceFile) -> Bool {
        let places = [
            "Sources/DriveHTTP/Wire/", "Sources/DriveHTTP/Token/Renewer.swift",
            "Sources/AlipanEmulator/Control/Coding.swift",
        ]
        return places.contains { file.path.hasPrefix($0) }
    }

    @Test func theProjectSpeaksOfItselfAlone() throws {
        let paths = ["/work" + "/", "/farm" + "/"]
        for file in try Self.files(in: "Sources") + Self.files(in: "Tests") {
            for (number, line) in file.lines.enumerated() {
                for path in paths where line.contains(path) {
                    Issue.record("\(file.path):\(number + 1) names a path of some machine")
                }
            }
        }
    }
}
