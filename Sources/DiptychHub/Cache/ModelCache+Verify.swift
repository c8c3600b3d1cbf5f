internal import Foundation

/// What was found of one file.
public struct FileCheck: Sendable, Hashable {
    /// What became of a file since it was downloaded.
    public enum State: String, Sendable, Hashable {
        /// Its bytes are those that were downloaded.
        case intact
        /// It is not there.
        case missing
        /// It is longer or shorter.
        case wrongSize = "wrong size"
        /// It has other bytes.
        case wrongHash = "wrong hash"
    }

    /// The file's name in the model's directory.
    public let file: String
    /// Its size in bytes, as it should be.
    public let size: Int
    /// What was found.
    public let state: State
}

extension ModelCache {
    /// Reads every file of a model and compares it with what was downloaded.
    ///
    /// - Parameter progress: called with the number of bytes that were read since the last call.
    /// - Throws: ``HubError`` of kind `notPulled` when the model is not in the cache; `CancellationError`.
    public func verify(
        _ name: ModelName, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [FileCheck] {
        let directory = directory(of: name)
        guard let manifest = manifest(in: directory, ModelManifest.fileName) else {
            throw HubError(.notPulled, name.description, "is not in the cache \(self.directory.path)")
        }
        return try await BackgroundWork.run { isCancelled in
            try manifest.files.map { file in
                let path = directory.appendingPathComponent(file.name).path
                let size = CacheFiles.size(path)
                let state: FileCheck.State =
                    if size == nil {
                        .missing
                    } else if size != file.size {
                        .wrongSize
                    } else {
                        try CacheFiles.hashes(path, isCancelled: isCancelled, progress: progress).sha256
                            == file.sha256 ? .intact : .wrongHash
                    }
                return FileCheck(file: file.name, size: file.size, state: state)
            }
        }
    }
}
