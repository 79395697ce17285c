import Basics
import Drive
import DriveHTTP
import FuseKernel
import Glibc
import LivePhoto
import ProcessLife
import ReadPath
import RemoteFS
import Settings
import WritePath

// What each part of a mount takes from the settings.

extension DriveHTTPConfiguration {
    init(_ order: MountOrder, tokenPath: String, limitsDirectory: String) {
        let settings = order.settings
        let renewal: Renewal
        if let id = settings.clientID, let secret = order.clientSecret {
            renewal = .ownApp(clientID: id, clientSecret: secret.revealed())
        } else {
            renewal = .online(url: settings.renewURL, driver: settings.renewDriver.rawValue)
        }
        self.init(
            apiURL: settings.apiURL, renewal: renewal, tokenPath: tokenPath, limitsDirectory: limitsDirectory)
        rates = Rates(list: settings.rateList, link: settings.rateLink, other: settings.rateOther)
        streams = settings.streams
        timeout = settings.timeout
        linkHostSuffixes = settings.linkHosts
        bandwidthDown = settings.bwlimitDown.map { Int64($0) }
        bandwidthUp = settings.bwlimitUp.map { Int64($0) }
        usesInternalUploadHost = settings.internalUpload
        trustedRoots = TrustedRoots(settings)
        userAgent = "\(Product.name)/\(Product.version)"
    }
}

extension TrustedRoots {
    init(_ settings: MountSettings) { self = settings.trustedRoots.map { .file($0.string) } ?? .system }
}

extension ReaderSettings {
    init(_ settings: MountSettings) {
        self.init(memory: settings.memory, readAhead: Int64(settings.readAhead), streams: settings.streams)
    }
}

extension RemoteFSConfiguration {
    init(_ settings: MountSettings, root: MountRoot) {
        self.init(
            root: root, livePhotos: LivePhotoMode(settings.livp), directoryLifetime: settings.dirCacheTime,
            timeout: settings.timeout, userID: settings.uid ?? getuid(), groupID: settings.gid ?? getgid(),
            filePermissions: settings.fileMode, directoryPermissions: settings.dirMode)
        ownerID = getuid()
        isReadOnly = settings.readOnly
        isWriteThrough = settings.writeThrough
        hasNoOverlay = settings.noOverlay
        removal = Removal(settings.removal)
    }
}

extension WriteSettings {
    init(_ settings: MountSettings) {
        self.init(
            removal: Removal(settings.removal), uploads: settings.uploads, delay: settings.uploadDelay,
            policy: UploadPolicy(isRapid: settings.rapidUpload == .on), spoolMax: settings.spoolSize.map { Int64($0) },
            diskReserve: Int64(settings.cacheMinFree))
    }
}

extension Removal {
    fileprivate init(_ removal: MountSettings.Removal) {
        switch removal {
        case .trash: self = .trash
        case .delete: self = .delete
        }
    }
}

extension LivePhotoMode {
    fileprivate init(_ view: MountSettings.LivePhotoView) {
        switch view {
        case .jpeg: self = .jpeg
        case .mov: self = .mov
        case .both: self = .both
        case .zip: self = .zip
        }
    }
}

extension FuseOptions {
    init(_ settings: MountSettings) {
        self.init()
        readOnly = settings.readOnly
        if settings.allowOther {
            access = .everybody
        } else if settings.allowRoot {
            access = .ownerAndRoot
        }
        extraOptions = settings.fuseOptions
        backgroundRequestsMax = settings.maxBackground
    }
}
