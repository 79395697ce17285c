import Basics
import Glibc
import Synchronization

/// The classes of requests that the service counts separately (contract 10).
enum RequestClass: Int, Sendable, CaseIterable {
    case list, link, other

    var name: String {
        switch self {
        case .list: "list"
        case .link: "link"
        case .other: "other"
        }
    }
}

/// The slot tables of one account, in a file that all mounts on this machine share. Without a usable file the tables
/// are kept in memory: this process still holds the limits, but alone.
final class SharedLimits: Sendable {
    private static let magic: Int64 = 0x616c_6669_6c69_6d31
    private static let wordsPerTable = SlotTable.mostSlots + 3
    private static let length = 8 * (1 + RequestClass.allCases.count * wordsPerTable)

    private let file: SharedFile?
    private let memory = Mutex([SlotTable](repeating: SlotTable(), count: RequestClass.allCases.count))

    /// Set when the file cannot be used.
    let fault: String?

    init(directory: String) {
        do throws(FileFault) {
            file = try SharedFile(path: directory + "/limits", length: Self.length)
            fault = nil
        } catch {
            file = nil
            fault = error.what
        }
    }

    /// Changes one class's table; `nil` when the file is busy: try again in a moment.
    func update<Outcome: Sendable>(
        _ kind: RequestClass, _ change: @Sendable (inout SlotTable) -> Outcome
    ) -> Outcome? {
        guard let file, !file.isBroken else { return memory.withLock { change(&$0[kind.rawValue]) } }
        return file.update { bytes in
            var table = Self.table(kind, in: bytes)
            defer { Self.put(table, kind, in: &bytes) }
            return change(&table)
        }
    }

    private static func table(_ kind: RequestClass, in bytes: [UInt8]) -> SlotTable {
        var table = SlotTable()
        // A new file is all zeros, a foreign one is no better.
        guard word(0, bytes) == magic else { return table }
        let start = 1 + kind.rawValue * wordsPerTable
        table.pausedUntil = word(start, bytes)
        table.strikes = word(start + 1, bytes)
        table.lastStrike = word(start + 2, bytes)
        for slot in 0..<SlotTable.mostSlots { table.busyUntil[slot] = word(start + 3 + slot, bytes) }
        return table
    }

    private static func put(_ table: SlotTable, _ kind: RequestClass, in bytes: inout [UInt8]) {
        if word(0, bytes) != magic { bytes = [UInt8](repeating: 0, count: length) }
        set(0, magic, &bytes)
        let start = 1 + kind.rawValue * wordsPerTable
        set(start, table.pausedUntil, &bytes)
        set(start + 1, table.strikes, &bytes)
        set(start + 2, table.lastStrike, &bytes)
        for slot in 0..<SlotTable.mostSlots { set(start + 3 + slot, table.busyUntil[slot], &bytes) }
    }

    private static func word(_ index: Int, _ bytes: [UInt8]) -> Int64 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 8, as: Int64.self) }
    }

    private static func set(_ index: Int, _ value: Int64, _ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: index * 8, as: Int64.self) }
    }
}
