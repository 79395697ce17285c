import Drive

/// What an answer without the wanted bytes means (contract 6.4).
enum LinkRefusal {
    /// More of an error's body is not read.
    static let longestBody = 64 * 1_024

    static func read(status: Int, body: [UInt8]) -> DownloadFailure {
        let text = String(decoding: body, as: UTF8.self)
        switch status {
        case 403: return forbidden(text)
        case 404: return .gone
        case 416: return .wrongRange("the store knows no such range")
        case 408, 429, 500...599: return .throttled(status: status)
        default: return .denied(StoreError.element("Code", in: text) ?? "HTTP \(status)")
        }
    }

    private static func forbidden(_ text: String) -> DownloadFailure {
        // The two texts that are matched because the code alone does not tell (contract 6.4).
        if text.contains("ExceedMaxConcurrency") { return .tooManyStreams }
        if text.contains("Request has expired") { return .expired }
        // Without a readable body the likeliest cause is age.
        return StoreError.element("Code", in: text).map { .denied($0) } ?? .expired
    }
}
