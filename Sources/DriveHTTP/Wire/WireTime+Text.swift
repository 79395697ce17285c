import Basics

extension WireTime {
    /// `2023-06-28T10:00:20.022Z`, as the service writes it (contract 1); `nil` where the year has not four digits.
    static func text(_ time: UnixTime) -> String? {
        guard (-62_135_596_800...253_402_300_799).contains(time.seconds) else { return nil }
        // Counted from 0000-03-01, so that nothing is negative.
        let seconds = time.seconds + 719_468 * 86_400
        let second = seconds % 86_400
        let (year, month, dayOfMonth) = date(seconds / 86_400)
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
        let fraction = padded(Int64(time.nanoseconds) / 1_000_000, 3)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T\(clock).\(fraction)Z"
    }

    /// The date that many days after 0000-03-01: in years that begin in March a leap day is the last day of one.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let era = days / 146_097
        let ofEra = days % 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * ofYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, ofYear - (153 * march + 2) / 5 + 1)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
