import Basics
import Drive
import Foundation
import TestSupport
import Testing

/// Something that a user does, at every moment of which the process may die.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    let before: Files
    let body: @Sendable (Stage) async throws -> Void
    var testDescription: String { name }

    init(_ name: String, before: Files = [:], _ body: @escaping @Sendable (Stage) async throws -> Void) {
        self.name = name
        self.before = before
        self.body = body
    }

    static let small = FakeContent.pattern(seed: 1, size: 700)
    static let other = FakeContent.pattern(seed: 2, size: 900)
    /// Of four parts.
    static let large = FakeContent.pattern(seed: 3, size: 350_000)
    static let larger = FakeContent.pattern(seed: 4, size: 380_000)

    static let all: [Scenario] = files + renames + removals
    /// `ALIYUNFS_TEST_SCENARIO` chooses those whose names have it in them.
    static let chosen = all.filter { scenario in
        ProcessInfo.processInfo.environment["ALIYUNFS_TEST_SCENARIO"].map(scenario.name.contains) ?? true
    }
}

// Bytes.
extension Scenario {
    private static let files: [Scenario] = [
        Scenario("a new small file") { try await $0.create("a", small) },
        Scenario("a new file of many parts") { try await $0.create("a", large) },
        Scenario("an empty file") { try await $0.create("a", .bytes([])) },
        Scenario("a file the drive knows", before: ["b": large]) { try await $0.create("a", large) },
        Scenario("the target of a symbolic link") {
            try await $0.create("a", .bytes(Array("!<symlink>../b".utf8)), pieces: 1)
        },
        Scenario("a stored file emptied and written", before: ["a": large]) { stage in
            try await stage.open("a")
            try await stage.truncate("a", to: 0)
            try await stage.write("a", small.allBytes, at: 0)
            try await stage.close("a")
        },
        Scenario("bytes in the middle of a stored file", before: ["a": large]) { stage in
            try await stage.open("a")
            try await stage.write("a", [1, 2, 3, 4], at: 170_000)
            try await stage.write("a", [5, 6], at: 90_000)
            try await stage.close("a")
        },
        Scenario("a stored file made shorter and longer", before: ["a": large]) { stage in
            try await stage.open("a")
            try await stage.truncate("a", to: 100_000)
            try await stage.truncate("a", to: 300_000)
            try await stage.write("a", [1], at: 310_000)
            try await stage.close("a")
        },
        Scenario("a stored file written and yet the same", before: ["a": small]) { stage in
            try await stage.open("a")
            try await stage.write("a", Array(small.allBytes[10..<20]), at: 10)
            try await stage.close("a")
        },
        Scenario("a copy under another name", before: ["b": large]) { try await $0.copy("b", to: "a") },
        Scenario("a copy whose original is removed and that is changed", before: ["b": large]) { stage in
            stage.at("before rename") { stage in
                try await stage.remove("b")
                try await stage.open("a")
                try await stage.write("a", [7, 7, 7], at: 200)
                try await stage.close("a")
            }
            try await stage.copy("b", to: "a")
        },
        Scenario("several things at once", before: ["a": small, "b": large]) { stage in
            try await stage.create("c", other)
            try await stage.open("b")
            try await stage.write("b", [9, 9, 9], at: 120_000)
            try await stage.rename("a", "d/x")
            try await stage.close("b")
            try await stage.create("e", larger)
            try await stage.exchange("c", "b")
            try await stage.remove("e")
        },
        changed("while a part is sent", "before sendPart 2"),
        changed("after the creation", "after createFile"),
        changed("before the end of the upload", "before completeUpload"),
        changed("after the end of the upload", "after completeUpload"),
        Scenario("changed while its old version is removed", before: ["a": large]) { stage in
            stage.at("before remove") { stage in
                try await stage.open("a")
                try await stage.write("a", [7, 7, 7], at: 200)
                try await stage.close("a")
            }
            try await stage.open("a")
            try await stage.write("a", [1, 2, 3, 4], at: 170_000)
            try await stage.close("a")
        },
    ]

    private static func changed(_ when: String, _ point: String) -> Scenario {
        Scenario("a new file changed \(when)") { stage in
            stage.at(point) { stage in
                try await stage.open("a")
                try await stage.write("a", [7, 7, 7], at: 200)
                try await stage.close("a")
            }
            try await stage.create("a", large)
        }
    }
}

// Names.
extension Scenario {
    private static let renames: [Scenario] = [
        Scenario("renamed while pending") { stage in
            try await stage.create("a", small)
            try await stage.rename("a", "b")
        },
        renamed("while a part is sent", "before sendPart 2"),
        renamed("after the creation", "after createFile"),
        renamed("before the end of the upload", "before completeUpload"),
        renamed("after the end of the upload", "after completeUpload"),
        Scenario("renamed into a folder while pending") { stage in
            try await stage.create("a", small)
            try await stage.rename("a", "d/b")
        },
        Scenario("renamed into a folder after the end of the upload") { stage in
            stage.at("after completeUpload") { try await $0.rename("a", "d/b") }
            try await stage.create("a", large)
        },
        Scenario("renamed there and back while it is moved") { stage in
            stage.at("after completeUpload") { try await $0.rename("a", "d/b") }
            stage.at("after move") { try await $0.rename("d/b", "a") }
            try await stage.create("a", large)
        },
        Scenario("a stored file moved and renamed", before: ["a": small]) { try await $0.rename("a", "d/b") },
        Scenario("a stored file renamed over one that is sent", before: ["a": small]) { stage in
            stage.at("before sendPart 2") { try await $0.rename("a", "b", over: true) }
            try await stage.create("b", large)
        },
        Scenario("a copy renamed over its original", before: ["b": large]) { stage in
            try await stage.copy("b", to: "a")
            try await stage.rename("a", "b", over: true)
        },
        Scenario("a stored file renamed", before: ["a": small]) { try await $0.rename("a", "b") },
        Scenario("a stored file renamed over a stored file", before: ["a": small, "b": other]) {
            try await $0.rename("a", "b", over: true)
        },
        Scenario("a stored file renamed over a pending one", before: ["a": small]) { stage in
            try await stage.create("b", other)
            try await stage.rename("a", "b", over: true)
        },
        Scenario("a stored file renamed over an open one", before: ["a": small, "b": other]) { stage in
            try await stage.open("b")
            let inode = try await stage.inode("b")
            try await stage.rename("a", "b", over: true)
            stage.back.closed(inode, forWriting: true)
        },
        Scenario("a stored file renamed over a changed one", before: ["a": small, "b": large]) { stage in
            try await stage.open("b")
            try await stage.write("b", [1, 2], at: 10)
            try await stage.close("b")
            try await stage.rename("a", "b", over: true)
        },
        Scenario("a pending file renamed over a stored one", before: ["b": other]) { stage in
            try await stage.create("a", small)
            try await stage.rename("a", "b", over: true)
        },
        Scenario("a pending file renamed over a pending one") { stage in
            try await stage.create("b", other)
            try await stage.create("a", small)
            try await stage.rename("a", "b", over: true)
        },
        Scenario("a pending file renamed over one that is sent") { stage in
            stage.at("before sendPart 2") { stage in
                try await stage.create("a", small)
                try await stage.rename("a", "b", over: true)
            }
            try await stage.create("b", large)
        },
        Scenario("two stored files exchanged", before: ["a": small, "b": other]) { try await $0.exchange("a", "b") },
        Scenario("a stored file exchanged with a pending one", before: ["a": small]) { stage in
            try await stage.create("b", large)
            try await stage.exchange("a", "b")
        },
        Scenario("a stored file exchanged with one that is being created", before: ["b": small]) { stage in
            stage.at("before createFile") { try await $0.exchange("a", "b") }
            try await stage.create("a", large)
        },
        Scenario("a stored file exchanged with a new one of the same bytes", before: ["b": large]) { stage in
            stage.at("before createFile") { try await $0.exchange("a", "b") }
            try await stage.create("a", large)
        },
        Scenario("a pending file renamed over one that is changed and open", before: ["b": large]) { stage in
            try await stage.open("b")
            try await stage.write("b", [1, 2], at: 10)
            let inode = try await stage.inode("b")
            try await stage.create("a", small)
            try await stage.rename("a", "b", over: true)
            stage.back.closed(inode, forWriting: true)
        },
        Scenario("two pending files exchanged") { stage in
            try await stage.create("a", small)
            try await stage.create("b", other)
            try await stage.exchange("a", "b")
        },
    ]

    private static func renamed(_ when: String, _ point: String) -> Scenario {
        Scenario("a new file renamed \(when)") { stage in
            stage.at(point) { try await $0.rename("a", "b") }
            try await stage.create("a", large)
        }
    }

    private static let removals: [Scenario] = [
        Scenario("removed while pending") { stage in
            try await stage.create("a", small)
            try await stage.remove("a")
        },
        removed("while a part is sent", "before sendPart 2"),
        removed("after the creation", "after createFile"),
        removed("before the end of the upload", "before completeUpload"),
        removed("after the end of the upload", "after completeUpload"),
        Scenario("a stored file removed while it is open", before: ["a": small]) { stage in
            try await stage.open("a")
            try await stage.remove("a")
            try await stage.close("a")
        },
        Scenario("a changed file removed while it is open", before: ["a": large]) { stage in
            try await stage.open("a")
            try await stage.write("a", [1, 2], at: 10)
            try await stage.remove("a")
            stage.back.closed(try await stage.inode("a"), forWriting: true)
        },
    ]

    private static func removed(_ when: String, _ point: String) -> Scenario {
        Scenario("a new file removed \(when)") { stage in
            stage.at(point) { try await $0.remove("a") }
            try await stage.create("a", large)
        }
    }
}
