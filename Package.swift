// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "aliyunfs",
    products: [],
    dependencies: [],
    targets: [
        // The vocabulary: no module here touches the kernel, the network or a disk.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "VFS", dependencies: ["Basics"], swiftSettings: strict),
        .target(name: "Drive", dependencies: ["Basics"], swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Basics", "Drive"], swiftSettings: strict),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
