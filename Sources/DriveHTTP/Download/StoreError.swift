/// The object store's XML, as far as it matters.
enum StoreError {
    /// The text of the first element of that name, made fit to show; `nil` where there is none.
    static func element(_ name: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
            let end = text[start...].firstRange(of: "</\(name)>")?.lowerBound
        else { return nil }
        let value = Redaction.clean(String(text[start..<end]))
        return value.isEmpty ? nil : value
    }
}
