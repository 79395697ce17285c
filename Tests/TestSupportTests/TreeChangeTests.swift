import Basics
import Drive
import TestSupport
import Testing

@Suite struct TreeChangeTests {
    @Test func foldersAreMadeOnce() async throws {
        let f = Fixture()
        guard case .made(let id, "d") = try await f.drive.createFolder(named: "d", in: f.root, .foreground) else {
            Issue.record("not made")
            return
        }
        #expect(try await f.drive.createFolder(named: "d", in: f.root, .foreground) == .taken(id))
        #expect(f.drive.tree() == ["d": [.folder]])
        let nowhere = await failure {
            try await f.drive.createFolder(named: "x", in: f.drive.object(FileID("none")), .foreground)
        }
        #expect(nowhere?.gist == "404 NotFound.ParentFileId")
    }

    @Test func renamingMovesTheTimeAndRespectsTakenNames() async throws {
        let f = Fixture()
        let a = f.drive.object(f.drive.addFile("a", f.small))
        f.drive.addFile("b", .bytes([1]))
        f.time.advance(by: .seconds(5))
        let taken = await failure {
            try await f.drive.rename(a, to: "b", .refuse, .foreground)
        }
        #expect(taken?.gist == "409 AlreadyExist.File")
        #expect(try await f.drive.rename(a, to: "a", .refuse, .foreground).name == "a")
        let file = try await f.drive.rename(a, to: "c", .refuse, .foreground)
        #expect(file.id == a && file.name == "c" && file.updatedAt == f.time.wallTime())
        _ = try await f.drive.rename(a, to: "b", .ignore, .foreground)
        #expect(f.drive.tree() == ["b": [.file(.bytes([1])), .file(f.small)]])
        let root = await failure {
            try await f.drive.rename(f.root, to: "x", .refuse, .foreground)
        }
        #expect(root?.gist == "400 InvalidParameter.FileId")
    }

    @Test func movingKeepsTheIdAndStaysOutOfItself() async throws {
        let f = Fixture()
        let (d, e) = (f.drive.addFolder("d"), f.drive.addFolder("e"))
        let a = f.drive.object(f.drive.addFile("a", in: d, f.small))
        f.drive.addFile("a", in: e, .bytes([1]))
        let taken = await failure {
            try await f.drive.move(a, to: e, .refuse, .foreground)
        }
        #expect(taken?.gist == "409 AlreadyExist.File")
        #expect(try await f.drive.move(a, to: e, .ignore, .foreground) == TreeChange(object: a))
        #expect(f.drive.tree()["e/a"]?.count == 2 && f.drive.tree()["d/a"] == nil)
        _ = try await f.drive.move(f.drive.object(e), to: d, .refuse, .foreground)
        let loop = await failure {
            try await f.drive.move(f.drive.object(d), to: e, .refuse, .foreground)
        }
        #expect(loop?.gist == "400 InvalidParameter.ToParentFileId")
        let file = await failure {
            try await f.drive.move(f.drive.object(d), to: a.file, .refuse, .foreground)
        }
        #expect(file?.gist == "400 InvalidParameter")
    }

    @Test func copiesAreObjectsOfTheirOwn() async throws {
        let f = Fixture()
        let d = f.drive.addFolder("d")
        f.drive.addFile("a", in: d, f.small)
        let a = f.drive.object(f.drive.addFile("a.txt", f.small))
        let copy = try await f.drive.copy(a, to: f.root, .foreground)
        #expect(copy.object != a && copy.task == nil)
        #expect(f.drive.current(copy.object.file)?.name == "a(1).txt")
        f.drive.set { $0.renamesCopies = false }
        _ = try await f.drive.copy(a, to: f.root, .foreground)
        #expect(f.drive.tree()["a.txt"]?.count == 2)
        let e = f.drive.object(f.drive.addFolder("e"))
        _ = try await f.drive.copy(f.drive.object(d), to: e, .foreground)
        #expect(f.drive.tree()["e/d/a"] == [.file(f.small)])
    }

    @Test func whatIsRemovedAnswersSoWithAllThatIsInIt() async throws {
        let f = Fixture()
        let d = f.drive.addFolder("d")
        let a = f.drive.object(f.drive.addFile("a", in: d, f.small))
        let folder = f.drive.object(d)
        _ = try await f.drive.remove(folder, .trash, .foreground)
        for id in [folder, a] {
            let bin = await failure { try await f.drive.file(id, .foreground) }
            #expect(bin?.gist == "403 ForbiddenFileInTheRecycleBin")
        }
        #expect(try await f.drive.files([a], .foreground)[a]?.isTrashed == true)
        let inside = await failure { try await f.create("x", 1, in: folder) }
        #expect(inside?.gist == "403 ForbiddenFileInTheRecycleBin")
        // Gone already counts as removed.
        _ = try await f.drive.remove(folder, .trash, .foreground)
        _ = try await f.drive.remove(folder, .delete, .foreground)
        _ = try await f.drive.remove(folder, .delete, .foreground)
        for id in [folder, a] {
            let gone = await failure { try await f.drive.file(id, .foreground) }
            #expect(gone?.gist == "404 NotFound.FileId")
        }
        #expect(f.drive.addFolder("d") != d)
    }

    @Test func workOnFoldersGoesOnUntilItIsLetEnd() async throws {
        let f = Fixture()
        f.drive.set { $0.folderTasks = true }
        let d = f.drive.addFolder("d")
        f.drive.addFile("a", in: d, f.small)
        let copy = try await f.drive.copy(f.drive.object(d), to: f.root, .foreground)
        let task = try #require(copy.task)
        #expect(try await f.drive.state(of: task, .background) == .running)
        // The folder is there, what is in it is not yet.
        #expect(f.drive.tree() == ["d": [.folder], "d/a": [.file(f.small)], "d(1)": [.folder]])
        f.drive.finish(task)
        #expect(try await f.drive.state(of: task, .background) == .succeeded)
        #expect(f.drive.tree()["d(1)/a"] == [.file(f.small)])

        let removal = try #require(try await f.drive.remove(f.drive.object(d), .delete, .foreground).task)
        f.drive.finish(removal, as: .failed)
        #expect(try await f.drive.state(of: removal, .background) == .failed)
        let move = try await f.drive.move(f.drive.object(d), to: copy.object.file, .refuse, .foreground)
        #expect(f.drive.runningTasks == [try #require(move.task)])
        f.drive.finishTasks()
        #expect(f.drive.tree()["d(1)/d/a"] == [.file(f.small)])
        f.drive.forget(task)
        let forgotten = await failure { try await f.drive.state(of: task, .background) }
        #expect(forgotten?.gist == "404 NotFound.AsyncTask")
        // Files are done at once.
        let file = f.drive.object(f.drive.addFile("x", f.small))
        #expect(try await f.drive.remove(file, .trash, .foreground).task == nil)
    }

    @Test func childrenTouchTheirFolderWhereTheDriveDoesSo() async throws {
        let f = Fixture()
        for touches in [false, true] {
            f.drive.set { $0.childrenTouchFolders = touches }
            let d = f.drive.addFolder(FileName("\(touches)"))
            let before = f.drive.current(d)?.updatedAt
            f.time.advance(by: .seconds(1))
            _ = try await f.drive.createFolder(named: "x", in: f.drive.object(d), .foreground)
            #expect((f.drive.current(d)?.updatedAt != before) == touches)
        }
    }
}
