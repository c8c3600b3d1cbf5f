internal import Foundation

/// What happens during a download, for people who wait.
public enum PullEvent: Sendable, Hashable {
    /// Another process or task is downloading the same model; this one waits for it.
    case waiting
    /// The download begins.
    ///
    /// - Parameter bytes: the size of all files, if it is known.
    /// - Parameter present: how many of them are there from an earlier attempt.
    case started(files: Int, bytes: Int?, present: Int)
    /// So many bytes are there.
    case progress(bytes: Int)
    /// An attempt failed for a reason that may pass; the next one begins after `delay`.
    case retrying(reason: String, delay: Duration)
}

/// Downloads models from the hub, and from where else the registry says, into a cache.
public struct ModelHub: Sendable {
    /// Where models go.
    public let cache: ModelCache
    /// How they are downloaded.
    public let options: HubOptions

    /// A hub.
    public init(cache: ModelCache, options: HubOptions = HubOptions()) {
        self.cache = cache
        self.options = options
    }

    /// Downloads a model, unless it is there already. An interrupted download is continued where it ended; every byte is
    /// verified; processes that pull the same model take turns.
    ///
    /// - Parameters:
    ///   - isForced: whether to ask the hub anew although the model is there. Files whose bytes are still the ones that
    ///     the hub announces are read, not downloaded.
    ///   - event: called on another thread.
    /// - Throws: ``HubError``; `CancellationError`.
    public func pull(
        _ name: ModelName, isForced: Bool = false, event: @escaping @Sendable (PullEvent) -> Void = { _ in }
    ) async throws -> ModelCache.Model {
        if !isForced, let model = cache.model(name) { return model }
        guard !options.isOffline else {
            let missing = cache.missingFiles(of: name).map { $0.isEmpty ? "nothing" : $0.joined(separator: ", ") }
            throw HubError(
                .offline, name.description,
                isForced
                    ? "cannot be downloaded again while offline"
                    : "the network may not be used, and \(cache.directory(of: name).path) lacks "
                        + (missing ?? "all of its files"))
        }
        return try await BackgroundWork.run { [cache, options] isCancelled in
            let client = try HubClient(options: options, isCancelled: isCancelled)
            return try Pull(name: name, cache: cache, client: client, isForced: isForced, event: event).run()
        }
    }
}
