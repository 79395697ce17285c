import Basics
import VFS

/// One thing to tell the kernel.
enum Notification: Hashable, Sendable {
    case entry(FileName, parent: InodeNumber)
    /// Its attributes; with `content` also its pages or its cached listing.
    case inode(InodeNumber, content: Bool)

    /// The inode whose requests may hold the lock that the kernel takes for this; `nil` when it takes none.
    var lockedInode: InodeNumber? {
        switch self {
        case .entry(_, let parent): parent
        case .inode(let inode, content: true): inode
        case .inode(_, content: false): nil
        }
    }
}

/// What waits to be told to the kernel, in order, each thing once; decides, while `Notifier` acts.
struct NotificationQueue {
    /// What two notifications that can be told as one have in common.
    private enum Subject: Hashable {
        case entry(FileName, parent: InodeNumber)
        case inode(InodeNumber)
    }

    private let waitingMax: Int
    private var order: [Subject] = []
    /// The value says whether content is meant, for inodes.
    private var waiting: [Subject: Bool] = [:]
    private var delivering = 0
    /// Something was dropped since the last batch was taken.
    private var hasOverflowed = false
    private(set) var isStopped = false
    private(set) var coalesced: UInt64 = 0
    private(set) var dropped: UInt64 = 0

    init(waitingMax: Int) { self.waitingMax = waitingMax }

    var count: Int { order.count + delivering }

    /// True when the deliverer has to be woken.
    mutating func add(_ notification: Notification) -> Bool {
        guard !isStopped else { return false }
        let (subject, content) = Self.split(notification)
        if let present = waiting[subject] {
            waiting[subject] = present || content
            coalesced += 1
            return false
        }
        guard count < waitingMax else {
            dropped += 1
            defer { hasOverflowed = true }
            return !hasOverflowed
        }
        order.append(subject)
        waiting[subject] = content
        return order.count == 1
    }

    struct Batch {
        var notifications: [Notification]
        /// Some did not fit: the kernel is to doubt every name, where it can be told so.
        var overflowed: Bool
        var isLast: Bool
    }

    /// All that waits, in the order in which it came. What is added from now on belongs to the next batch, since
    /// it may have happened after the delivery.
    mutating func take() -> Batch {
        let notifications = order.map { subject in
            switch subject {
            case .entry(let name, let parent): Notification.entry(name, parent: parent)
            case .inode(let inode): Notification.inode(inode, content: waiting[subject] ?? false)
            }
        }
        defer {
            delivering = isStopped ? 0 : delivering + notifications.count
            order = []
            waiting = [:]
            hasOverflowed = false
        }
        return Batch(notifications: notifications, overflowed: hasOverflowed, isLast: isStopped)
    }

    /// One of the batch is told.
    mutating func delivered() { delivering -= 1 }

    /// Nothing is taken any more, and nothing that waits is told: the kernel forgets everything anyway.
    mutating func stop() {
        isStopped = true
        order = []
        waiting = [:]
    }

    private static func split(_ notification: Notification) -> (Subject, Bool) {
        switch notification {
        case .entry(let name, let parent): (.entry(name, parent: parent), false)
        case .inode(let inode, let content): (.inode(inode), content)
        }
    }
}
