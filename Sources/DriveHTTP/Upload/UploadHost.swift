/// The store's address inside its own data centre (contract 7.6).
enum UploadHost {
    static let `internal` = "http://ccp-bj29-bj-1592982087.oss-cn-beijing-internal.aliyuncs.com"

    /// Where a part goes that is to go there: where the drive said so, else to the known host. What comes after
    /// scheme and host stays as it was signed.
    static func internalURL(_ url: String, stated: String?) -> String {
        if let stated { return stated }
        guard let host = url.firstRange(of: "://")?.upperBound else { return url }
        let rest = url[host...].firstIndex { $0 == "/" || $0 == "?" } ?? url.endIndex
        return self.internal + url[rest...]
    }
}
