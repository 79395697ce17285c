import AlipanEmulator
import Basics
import Drive
import Testing

/// Changes of the tree against the emulator (contract 8).
@Suite struct TreeContractTests {
    @Test(arguments: [Switches.Refuse.exist, .badRequest, .conflict])
    func folders(answer: Switches.Refuse) async throws {
        try await Rig.run({ $0.switches.refuseTaken = answer }) { rig async throws in
            let name: FileName = "新 folder: \\ e\u{301}"
            let creation = try await rig.drive.createFolder(named: name, in: rig.root, .foreground)
            guard case .made(let id, let given) = creation else { throw Unexpected(what: "not made") }
            #expect(given == name)
            let folder = try await rig.drive.file(id, .foreground)
            #expect(folder.kind == .folder && folder.name == name)
            switch answer {
            case .exist:
                #expect(
                    try await rig.drive.createFolder(named: name, in: rig.root, .foreground) == .taken(id))
            case .badRequest, .conflict:
                #expect(
                    await failure { try await rig.drive.createFolder(named: name, in: rig.root, .foreground) }?.kind
                        == "nameTaken")
            }
            let nowhere = rig.object("ff00000000000000000000000000000000000000")
            #expect(
                await failure { try await rig.drive.createFolder(named: "x", in: nowhere, .foreground) }?.kind
                    == "notFound")
        }
    }

    @Test(arguments: [Switches.Refuse.exist, .badRequest, .conflict])
    func renaming(answer: Switches.Refuse) async throws {
        try await Rig.run({ $0.switches.updateTaken = answer }) { rig async throws in
            let id = rig.object(try rig.emulator.put("/a", .text("1")))
            try rig.emulator.put("/b", .text("2"))
            #expect(
                await failure { try await rig.drive.rename(id, to: "b", .refuse, .foreground) }?.kind == "nameTaken")
            #expect(rig.paths == ["/a", "/b"])
            let renamed = try await rig.drive.rename(id, to: "c", .refuse, .foreground)
            #expect(renamed.id == id && renamed.name == "c" && rig.paths == ["/b", "/c"])
            _ = try await rig.drive.rename(id, to: "b", .ignore, .foreground)
            #expect(rig.paths == ["/b", "/b"])
            try rig.emulator.trash("/b")
        }
    }

    @Test func moving() async throws {
        try await Rig.run { rig async throws in
            let id = rig.object(try rig.emulator.put("/a", .text("1")))
            let folder = FileID(try rig.emulator.mkdir("/d"))
            try rig.emulator.put("/d/a", .text("2"))
            #expect(
                await failure { try await rig.drive.move(id, to: folder, .refuse, .foreground) }?.kind == "nameTaken")
            #expect(rig.paths == ["/a", "/d", "/d/a"])
            #expect(try await rig.drive.move(id, to: folder, .ignore, .foreground) == TreeChange(object: id))
            #expect(rig.paths == ["/d", "/d/a", "/d/a"])
            #expect(try await rig.drive.move(id, to: .root, .refuse, .foreground) == TreeChange(object: id))
            #expect(try await rig.drive.file(id, .foreground).parent.rawValue != folder.rawValue)
            let inItself = rig.object(folder.rawValue)
            #expect(
                await failure { try await rig.drive.move(inItself, to: folder, .refuse, .foreground) }?.kind
                    == "rejected")
        }
    }

    @Test func copying() async throws {
        try await Rig.run { rig async throws in
            let id = rig.object(try rig.emulator.put("/a", .text("1")))
            let beside = try await rig.drive.copy(id, to: rig.root, .foreground)
            #expect(beside.object != id && beside.task == nil)
            #expect(rig.paths == ["/a", "/a(1)"])
            let folder = rig.object(try rig.emulator.mkdir("/d"))
            let inside = try await rig.drive.copy(id, to: folder, .foreground)
            #expect(try await rig.drive.file(inside.object, .foreground).parent == folder.file)
            #expect(try rig.emulator.bytes("/d/a") == Array("1".utf8))
            let elsewhere = ObjectID(drive: DriveID(rig.emulator.addresses.resourceDriveId), file: .root)
            let far = try await rig.drive.copy(id, to: elsewhere, .foreground)
            #expect(try await rig.drive.file(far.object, .foreground).name == "a")
        }
    }

    @Test(arguments: [403, 400])
    func removing(trashedStatus: Int) async throws {
        try await Rig.run({ $0.switches.trashedStatus = trashedStatus }) { rig async throws in
            let trashed = rig.object(try rig.emulator.put("/a", .text("1")))
            let deleted = rig.object(try rig.emulator.put("/b", .text("1")))
            for wasGone in [false, true] {
                #expect(
                    try await rig.drive.remove(trashed, .trash, .foreground)
                        == TreeChange(object: trashed, wasGone: wasGone))
                #expect(
                    try await rig.drive.remove(deleted, .delete, .foreground)
                        == TreeChange(object: deleted, wasGone: wasGone))
            }
            #expect(rig.paths.isEmpty && rig.emulator.tree().map(\.trashed) == [true])
            #expect(try await rig.drive.remove(trashed, .delete, .foreground).object == trashed)
            #expect(rig.emulator.tree().isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func foldersGoInTheBackground(fails: Bool) async throws {
        let set: (inout AlipanEmulator.Configuration) -> Void = {
            $0.switches.asyncMs = 60_000
            $0.switches.asyncFails = fails
        }
        try await Rig.run(set) { rig async throws in
            for name in ["x", "y", "z"] { try rig.emulator.put("/d/" + name, .text(name)) }
            let folder = rig.object(try rig.emulator.mkdir("/d"))
            let target = rig.object(try rig.emulator.mkdir("/t"))
            let copy = try await rig.drive.copy(folder, to: target, .foreground)
            var tasks = [try #require(copy.task)]
            #expect(try await rig.drive.state(of: tasks[0], .foreground) == .running)
            rig.emulator.time.advance(by: 61_000)
            tasks.append(try #require(try await rig.drive.remove(folder, .trash, .foreground).task))
            let other = rig.object(try rig.emulator.mkdir("/e"))
            try rig.emulator.put("/e/f", .text(""))
            tasks.append(try #require(try await rig.drive.remove(other, .delete, .foreground).task))
            rig.emulator.time.advance(by: 61_000)
            for task in tasks {
                #expect(try await rig.drive.state(of: task, .foreground) == (fails ? .failed : .succeeded))
            }
            if !fails { #expect(rig.paths == ["/t", "/t/d", "/t/d/x", "/t/d/y", "/t/d/z"]) }
            let unknown = DriveTaskID("no such")
            #expect(await failure { try await rig.drive.state(of: unknown, .foreground) }?.kind == "notFound")
        }
    }
}
