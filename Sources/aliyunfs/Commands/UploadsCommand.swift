import ArgumentParser
import ProcessLife
import Status
import SystemPackage

struct UploadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uploads",
        abstract: "What the drive does not have yet: list it, try again, give it up, or copy it out.",
        subcommands: [List.self, Retry.self, Cancel.self, UploadsExport.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the unfinished changes, or those with these ids.",
            discussion: "What is not mounted is read from the state directory.")

        @OptionGroup var place: StatePlace
        @OptionGroup var queue: QueueOptions

        func run() async throws {
            var lists: [Output] = []
            for mount in try await queue.mounts() where !place.isNamed {
                lists.append(Output(mountPoint: mount.mountPoint.string, changes: try await OurMount.changes(mount)))
            }
            if lists.isEmpty, queue.mount == nil {
                let stateDir = try await place.stateDir()
                lists.append(Output(stateDir: stateDir.string, changes: try await UploadsExport.left(in: stateDir)))
            }
            for index in lists.indices { lists[index].changes = queue.chosen(of: lists[index].changes) }
            if queue.json {
                let text = try StatusReport.encoder(pretty: true).encode(lists)
                return Terminal.say(String(decoding: text, as: UTF8.self))
            }
            for list in lists {
                let place = list.mountPoint ?? "\(list.stateDir ?? "") (not mounted)"
                let queue = StatusReport.Queue(list.changes, limit: 0)
                Terminal.say(QueueText.plain("\(place): \(QueueText.summary(queue))"))
                for line in list.changes.flatMap(QueueText.lines) { Terminal.say("  " + line) }
            }
        }

        private struct Output: Encodable {
            var mountPoint: String?
            /// Where nothing is mounted.
            var stateDir: String?
            var changes: [StatusReport.Change]
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try now what failed or waits; without ids, everything that has trouble.")

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            let (mount, changes) = try await queue.chosen { !queue.ids.isEmpty || $0.trouble != nil }
            if changes.isEmpty, !queue.json { Terminal.say("nothing has trouble") }
            try await queue.act(on: changes, of: mount) { .retry($0.id) }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give unsent changes up: a new file is removed, a changed one is the drive's version again.",
            discussion: "What was not sent is lost then; 'uploads export' saves it before.")

        @OptionGroup var queue: QueueOptions

        func run() async throws {
            guard !queue.ids.isEmpty else {
                throw MountFailure(.usage, "name what to give up by its id; 'aliyunfs uploads' lists them")
            }
            let (mount, changes) = try await queue.chosen { _ in true }
            try await queue.act(on: changes, of: mount) { change in
                if !queue.json { Terminal.say(QueueText.loss(change)) }
                return .cancel(change.id)
            }
        }
    }
}

/// Which changes of which mount.
struct QueueOptions: ParsableArguments {
    @Option(help: ArgumentHelp("the mount (default: the only one)", valueName: "MOUNTPOINT"), completion: .directory)
    var mount: String?

    @Flag(help: "print JSON")
    var json = false

    @Argument(help: ArgumentHelp("as 'uploads list' shows them", valueName: "ID"))
    var ids: [UInt64] = []

    func mounts() async throws(MountFailure) -> [MountTable.Entry] {
        if let mount { return [try await OurMount.named(mount)] }
        return try OurMount.table().ours
    }

    func chosen(of changes: [StatusReport.Change]) -> [StatusReport.Change] {
        ids.isEmpty ? changes : changes.filter { ids.contains($0.id) }
    }

    /// The one mount, and those of its changes that are meant; all ids must be among them.
    func chosen(
        where isMeant: (StatusReport.Change) -> Bool
    ) async throws(MountFailure) -> (MountTable.Entry, [StatusReport.Change]) {
        let mounts = try await mounts()
        guard let mount = mounts.first else {
            throw MountFailure(.negative, "no aliyunfs is mounted; 'aliyunfs mount MOUNTPOINT' mounts one")
        }
        guard mounts.count == 1 else {
            throw MountFailure(.usage, "\(mounts.count) are mounted; say which with --mount MOUNTPOINT")
        }
        let changes = chosen(of: try await OurMount.changes(mount))
        if let missing = ids.first(where: { id in !changes.contains { $0.id == id } }) {
            throw MountFailure(.negative, "\(missing): no such change is waiting; 'aliyunfs uploads' lists them")
        }
        return (mount, changes.filter(isMeant))
    }

    /// Asks the same for each; what could not be done is told, and ends in exit status 1.
    func act(
        on changes: [StatusReport.Change], of mount: MountTable.Entry,
        _ inquiry: (StatusReport.Change) -> Inquiry
    ) async throws {
        let root = Subject(mount: mount, path: mount.mountPoint)
        var results: [Result] = []
        for change in changes {
            let done: Inquiry.Done = try await OurMount.ask(inquiry(change), about: root, within: .seconds(120))
            results.append(Result(id: change.id, name: change.shown, isDone: done.isDone, words: done.words))
            let line = QueueText.plain("\(change.id)  \(change.shown): \(done.words)")
            if !done.isDone, !json { Terminal.complain(line) } else if !json { Terminal.say(line) }
        }
        if json {
            let text = try StatusReport.encoder(pretty: true).encode(results)
            Terminal.say(String(decoding: text, as: UTF8.self))
        }
        if results.contains(where: { !$0.isDone }) { throw MountFailure(.negative, "") }
    }

    private struct Result: Encodable {
        var id: UInt64
        var name: String
        var isDone: Bool
        var words: String
    }
}
