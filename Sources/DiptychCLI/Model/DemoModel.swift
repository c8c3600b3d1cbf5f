import Diptych
import Foundation

/// The small model that comes with the program.
enum DemoModel {
    /// The model's directory: beside the program, else unpacked from it into the cache, or for this run where that cannot be written.
    ///
    /// - Throws: ``Failure`` when it can be written nowhere.
    static func path() throws -> String {
        if let found = InstalledFiles.folder("Resources/DemoModel", of: "DiptychCLI", holding: "config.json") {
            return found
        }
        var reason = "it is not part of this program"
        for place in [HubSettings.cacheFolder.appendingPathComponent("program"), temporaryFolder].compactMap({ $0 }) {
            do {
                if let directory = try EmbeddedFiles.unpacked("DemoModel", into: place) { return directory.path }
            } catch { reason = "\(place.path): \(Failure.describe(error))" }
        }
        throw Failure("the demo model cannot be unpacked (\(reason)); give --model DIRECTORY or set DIPTYCH_MODEL")
    }

    /// A folder of this user's among the temporary files, for those who have no home that can be written; nil where somebody else
    /// made one of that name.
    private static var temporaryFolder: URL? {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-\(getuid())")
        let manager = FileManager.default
        try? manager.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        // Of a link, these are the link's own.
        guard let facts = try? manager.attributesOfItem(atPath: folder.path),
            facts[.type] as? FileAttributeType == .typeDirectory,
            (facts[.ownerAccountID] as? NSNumber)?.uint32Value == getuid(),
            (facts[.posixPermissions] as? NSNumber)?.intValue == 0o700
        else { return nil }
        return folder
    }
}
