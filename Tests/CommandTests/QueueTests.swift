import Foundation
import Testing

@testable import Status

@Suite struct QueueTests {
    typealias Change = StatusReport.Change

    static let changes = [
        Change(id: 1, name: "a", path: "d/a", stage: .queued, size: 1_024, sent: 0, isNew: true),
        Change(id: 2, name: "b", path: nil, stage: .uploading, size: 4_096, sent: 1_024, isNew: false),
        Change(
            id: 3, name: "c\u{1b}[2J", path: nil, stage: .failed, size: 5, sent: 0, isNew: true,
            trouble: "the drive refuses: X: no\nway", advice: "'aliyunfs uploads retry 3' tries again"),
        Change(id: 4, name: "old", path: "old", stage: .moving, size: 0, sent: 0, isNew: false),
    ]

    @Test func theQueueIsCountedByStage() {
        let queue = StatusReport.Queue(Self.changes, limit: 3)
        #expect(queue.changes == 4)
        #expect(queue.bytes == 5_125)
        #expect(queue.sent == 1_024)
        #expect(queue.stages.map(\.stage) == [.failed, .uploading, .queued, .moving])
        #expect(queue.stages.map(\.bytes) == [5, 4_096, 1_024, 0])
        #expect(queue.first.map(\.id) == [3, 2, 1])
        #expect(queue.count(.failed) == 1 && queue.count(.dirty) == 0)
        #expect(QueueText.left(queue) == 4_101)
    }

    @Test func linesForAPerson() {
        let queue = StatusReport.Queue(Self.changes, limit: 9)
        #expect(
            QueueText.summary(queue) == "4 changes, 4 KiB to send (1 failed, 1 uploading, 1 queued, 1 moving)")
        #expect(QueueText.lines(Self.changes[1]) == ["2  uploading  b  4 KiB  [#####...............] 25%"])
        #expect(
            QueueText.lines(Self.changes[2]) == [
                "3  FAILED  c?[2J  5 B", "    the drive refuses: X: no?way",
                "    'aliyunfs uploads retry 3' tries again",
            ])
        #expect(QueueText.lines(Self.changes[3]) == ["4  moving  old"])
        #expect(QueueText.summary(StatusReport.Queue([], limit: 9)) == "nothing waits, the drive has everything")
    }

    @Test func whatACancelLoses() {
        #expect(
            QueueText.loss(Self.changes[0]) == "d/a: the new file of 1 KiB is removed; the drive has never had it")
        #expect(
            QueueText.loss(Self.changes[1])
                == "b: the unsent version of 4 KiB is lost; the drive's version shows again")
    }

    @Test func theLineOfAWait() {
        let queue = StatusReport.Queue(Array(Self.changes.prefix(2)), limit: 9)
        #expect(
            QueueText.progress(queue, of: 8_192, perSecond: 2_048)
                == "[############............] 50% 2 changes, 4 KiB to send, 2 KiB/s, 2 s to go")
        #expect(
            QueueText.progress(StatusReport.Queue([], limit: 9), of: 0, perSecond: nil)
                == "[########################] 100% 0 changes, 0 B to send")
        #expect(
            QueueText.progress(StatusReport.Queue([Self.changes[2]], limit: 9), of: 5, perSecond: nil)
                .hasSuffix("; c?[2J: the drive refuses: X: no?way"))
    }

    @Test func theReportShowsIt() throws {
        var report = StatusTests.report
        report.queue = StatusReport.Queue(Self.changes, limit: 1)
        let lines = StatusTests().text.lines(of: report, at: "/m")
        #expect(lines.contains("  writing  4 changes, 4 KiB to send (1 failed, 1 uploading, 1 queued, 1 moving)"))
        #expect(lines.contains("           3  FAILED  c?[2J  5 B"))
        #expect(lines.contains("           and 3 more: 'aliyunfs uploads' lists all"))
        #expect(try StatusReport(json: try report.json()) == report)
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(try report.json())) as? [String: Any])
        let queue = try #require(fields["queue"] as? [String: Any])
        #expect(Set(queue.keys) == ["changes", "bytes", "sent", "stages", "first"])
        let first = try #require((queue["first"] as? [[String: Any]])?.first)
        #expect(Set(first.keys) == ["id", "name", "stage", "size", "sent", "is_new", "trouble", "advice"])
    }

    @Test(arguments: [
        Inquiry.sync(milliseconds: nil), .sync(milliseconds: 1_500), .changes(after: 0), .retry(7), .cancel(.max),
        .refresh(isRecursive: false), .refresh(isRecursive: true),
    ])
    func inquiriesReadBack(inquiry: Inquiry) { #expect(Inquiry(attribute: inquiry.attribute) == inquiry) }

    @Test(arguments: [
        "user.aliyun.status", "user.aliyun.request.", "user.aliyun.request.sync.", "user.aliyun.request.sync.x",
        "user.aliyun.request.retry", "user.aliyun.request.cancel.-1", "user.aliyun.request.changes.1.2",
        "user.aliyun.request.refresh.all", "user.aliyun.request.reboot",
    ])
    func whatIsNoInquiry(attribute: String) { #expect(Inquiry(attribute: attribute) == nil) }
}
