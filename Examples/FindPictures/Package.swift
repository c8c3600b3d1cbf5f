// swift-tools-version: 6.1
import PackageDescription

// A package of its own that depends on Diptych as any other would; only the path differs from a real one.
let package = Package(
    name: "FindPictures",
    dependencies: [.package(name: "diptych", path: "../..")],
    targets: [
        .executableTarget(
            name: "find-pictures",
            dependencies: [
                .product(name: "Diptych", package: "diptych"), .product(name: "DiptychSearch", package: "diptych"),
            ],
            path: "Sources/FindPictures")
    ],
    swiftLanguageModes: [.v6]
)
