import Basics
import FoundationEssentials

/// What the token file holds. Secret: it never describes itself.
struct StoredLogin: Codable, Hashable, Sendable {
    var refreshToken: String
    /// "" until the first renewal.
    var accessToken: String
    /// Wall time, seconds since 1970; 0 with no access token.
    var accessExpires: Int64
    /// The user, where the token names one.
    var subject: String?
    /// Who may renew it; `nil` means whoever comes first.
    var renewal: String?
    /// The token this login was imported as, so that the same import a second time does not bring back a spent token.
    var importedFrom: String?

    enum CodingKeys: String, CodingKey {
        case refreshToken = "refresh_token"
        case accessToken = "access_token"
        case accessExpires = "access_expires"
        case subject = "sub"
        case renewal
        case importedFrom = "imported_from"
    }

    init(refreshToken: String, accessToken: String = "", accessExpires: Int64 = 0) {
        self.refreshToken = refreshToken
        self.accessToken = accessToken
        self.accessExpires = accessExpires
        subject = JWT(refreshToken)?.subject
    }
}

extension StoredLogin: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "StoredLogin(secret)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension DriveHTTPConfiguration.Renewal {
    /// Names who renews, without secrets: a refresh token works with one app only (contract 2.2).
    var identity: String {
        switch self {
        case .online(_, let driver): "online:\(driver)"
        // The older service renews the tokens of the same app.
        case .onlinePost: "online:alicloud_qr"
        case .ownApp(let clientID, _): "app:\(clientID)"
        }
    }
}
