public import Foundation

/// A directory in which downloaded models lie, one directory each. A model counts as present only when it is complete.
public struct ModelCache: Sendable {
    /// The directory, which need not exist yet.
    public let directory: URL

    /// A cache in `directory`.
    public init(directory: URL) { self.directory = directory }

    /// A complete model.
    public struct Model: Sendable {
        /// Its name.
        public let name: ModelName
        /// Where its files lie: what a model is loaded from.
        public let directory: URL
        /// Its files, and where they came from.
        public let manifest: ModelManifest
    }

    /// Where a model lies, or would lie.
    public func directory(of name: ModelName) -> URL {
        directory.appendingPathComponent(name.directoryName, isDirectory: true)
    }

    /// The model, if it is complete: every file has the size that it had when it was verified. ``verify(_:progress:)``
    /// also reads the bytes.
    public func model(_ name: ModelName) -> Model? {
        let directory = directory(of: name)
        guard let manifest = manifest(in: directory, ModelManifest.fileName), manifest.model == name.description,
            Self.missing(manifest, in: directory).isEmpty
        else { return nil }
        return Model(name: name, directory: directory, manifest: manifest)
    }

    /// All complete models, by name.
    public func models() -> [Model] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().compactMap { entry in
            guard !entry.hasPrefix("."),
                let manifest = manifest(in: directory.appendingPathComponent(entry), ModelManifest.fileName),
                let name = try? ModelName(manifest.model), name.directoryName == entry
            else { return nil }
            return model(name)
        }
    }

    /// The files of a model that are not there, as far as they are known without asking the hub; empty for a complete
    /// model, nil when nothing is known.
    public func missingFiles(of name: ModelName) -> [String]? {
        let directory = directory(of: name)
        let known =
            manifest(in: directory, ModelManifest.fileName) ?? manifest(in: directory, ModelManifest.planName)
        if let known { return Self.missing(known, in: directory) }
        guard case .files(let files) = name.registered?.source else { return nil }
        return files.map(\.name).filter { CacheFiles.size(directory.appendingPathComponent($0).path) == nil }
    }

    /// Whether an interrupted download of the model can be resumed.
    public func isPartial(_ name: ModelName) -> Bool {
        model(name) == nil
            && FileManager.default.fileExists(
                atPath: directory(of: name).appendingPathComponent(ModelManifest.planName).path)
    }

    func manifest(in directory: URL, _ file: String) -> ModelManifest? {
        let path = directory.appendingPathComponent(file).path
        guard let bytes = CacheFiles.contents(path, most: ModelManifest.largest),
            let manifest = try? JSONDecoder().decode(ModelManifest.self, from: bytes), manifest.isSane
        else { return nil }
        return manifest
    }

    private static func missing(_ manifest: ModelManifest, in directory: URL) -> [String] {
        manifest.files.filter { CacheFiles.size(directory.appendingPathComponent($0.name).path) != $0.size }.map(\.name)
    }
}
