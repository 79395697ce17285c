import Basics
import Drive
import Synchronization

/// Puts the bytes of one request into the blocks that wait for them.
///
/// Called on the client's event loop: copies, moves the watermark, wakes readers, and nothing else.
final class FetchSink: DownloadSink {
    private struct State {
        var target: FillTarget
        /// The start of `target` that holds bytes already.
        var used = 0
        var isOver = false
    }

    private let reader: ContentReader
    private let fetch: FetchID
    private let state: Mutex<State>

    init(reader: ContentReader, fetch: FetchID, target: FillTarget) {
        self.reader = reader
        self.fetch = fetch
        state = Mutex(State(target: target))
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            var rest = bytes
            while !rest.isEmpty, !state.isOver {
                let room = UnsafeMutableRawBufferPointer(rebasing: state.target.room[state.used...])
                let count = min(room.count, rest.count)
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                switch reader.filled(fetch, count) {
                case .fill(let target):
                    state.target = target
                    state.used = 0
                case .full, .stop:
                    state.isOver = true
                }
            }
            return !state.isOver
        }
    }
}
