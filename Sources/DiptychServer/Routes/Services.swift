internal import DiptychMedia

/// What routes work with.
struct Services: Sendable {
    let models: ModelPool
    let loader: ImageLoader
    let work: Workers
    let store: ServedStore?
    let labels: LabelDesk?
    let thumbnails: Thumbnails
    let stages: Stages
    let metrics: PrometheusRegistry
    let events: EventStreams
    let keys: APIKeys?
    let rates: RateLimits
    let reading: ImageOptions
    let limits: RequestLimits
    let queueLimit: Int
    let cacheLimit: Int
    let showsPaths: Bool
    /// The prefix of every path: empty, or `/name`.
    let basePath: String
    let started = ContinuousClock.now
}
