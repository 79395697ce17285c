import Basics
import Foundation
import Logging
import SystemPackage
import TestSupport
import Testing

@testable import ProcessLife

@Suite struct LogTests {
    let line = LogLine(
        level: .warning, label: "drive", message: "name\nwith \u{1b}[31m", metadata: [(key: "id", value: "1\r")])

    @Test func aLineOfText() {
        let time = UnixTime(seconds: 1_700_000_000, nanoseconds: 7_000_000)
        #expect(line.text(at: time) == "2023-11-14T22:13:20.007Z warning drive: name\\nwith ?[31m id=1?")
        #expect(line.text(at: nil) == "warning drive: name\\nwith ?[31m id=1?")
    }

    @Test func aLineOfJSON() throws {
        let json = line.json(at: UnixTime(seconds: 0))
        let fields = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        #expect(!json.contains("\n"))
        #expect(
            fields == [
                "time": "1970-01-01T00:00:00.000Z", "level": "warning", "label": "drive",
                "message": "name\nwith \u{1b}[31m", "id": "1\r",
            ])
    }

    @Test func aHandlerWritesItsDetailsInOrder() throws {
        let work = try Workplace()
        let path = work.path.appending("log")
        let file = try FileDescriptor.open(path, .writeOnly, options: [.create], permissions: .ownerReadWrite)
        let sink = DescriptorSink(descriptor: file, format: .text, time: ManualTime(), isJournal: true)
        var handler = Logs.Handler(label: "fuse", sink: sink, logLevel: .info)
        handler[metadataKey: "z"] = "1"
        handler.log(
            event: LogEvent(
                level: .error, message: "gone", metadata: ["a": "2"], source: "", file: "", function: "", line: 0))
        try file.close()
        #expect(try path.readText(atMost: 1_000) == "<3>error fuse: gone a=2 z=1\n")
    }
}
