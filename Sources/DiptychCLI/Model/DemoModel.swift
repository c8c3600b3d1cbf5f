import Foundation

/// The small model that comes with the program.
enum DemoModel {
    private static let folder = "Resources/DemoModel"

    /// The model's directory.
    ///
    /// - Throws: ``Failure`` when the program was installed without it.
    static func path() throws -> String {
        let found = candidates.first { FileManager.default.fileExists(atPath: $0 + "/config.json") }
        guard let found else {
            throw Failure(
                "the demo model is not installed beside this program; give --model DIRECTORY or set DIPTYCH_MODEL")
        }
        return found
    }

    /// Where it may lie: in the resources of a build, or beside the executable after an installation.
    private static var candidates: [String] {
        let executable = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = executable.map { directory in
            // Not `Bundle.module`, which ends the process where the resources are missing.
            ["diptych_DiptychCLI.resources/", "diptych_DiptychCLI.bundle/", "", "../share/diptych/"].map {
                directory.appendingPathComponent($0 + folder).standardizedFileURL.path
            }
        }
        return beside ?? []
    }
}
