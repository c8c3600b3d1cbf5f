internal import Hummingbird
internal import Logging
internal import NIOCore
internal import Synchronization

/// What the server knows about a request besides the request itself.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection that it came over.
    let channel: any Channel
    /// By what name the server was asked; set by ``HostMiddleware``.
    var host: Authority?
    /// The address of who asks; set by ``ForwardedMiddleware``, as the three below.
    var caller = "local"
    /// Whether who asks does so over TLS.
    var isEncrypted = false
    /// The name that a trusted proxy was asked by.
    var forwardedHost: Authority?
    /// Whether a trusted proxy's headers name two clients.
    var isForwardedTwice = false
    /// Who asks; set by ``AccessMiddleware``.
    var identity: Identity?
    /// The request's identifier, which answers and logs carry.
    var requestID = ""
    /// What requests may use; set by ``EnvelopeMiddleware``.
    var limits = RequestLimits()
    /// The URL's query; set by ``RouteTable``.
    var query = QueryValues()
    /// The memory that the request's body takes of what all may take.
    var share: BodyShare?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Takes memory for a part of the body.
    ///
    /// - Throws: ``Problem``, 503, where requests hold all that they may.
    func hold(_ bytes: Int) throws { try share?.take(bytes) }
}

/// What one request may use.
public struct RequestLimits: Sendable {
    /// The most bytes of a body.
    public var bodyBytes = 32 << 20
    /// The most bytes that the bodies of all requests take together.
    public var allBodyBytes = 512 << 20
    /// The most texts or pictures of a request.
    public var inputs = 2048
    /// The most bytes of one text. Models read some tens of tokens; cutting what is longer into tokens takes time.
    public var textBytes = 64 << 10
    /// The most bytes of all texts of a request, those that labels make with templates among them.
    public var allTextBytes = 8 << 20
    /// The most images that a search is for, and the most texts that it takes away.
    public var searchTerms = 64
    /// The most results of a search.
    public var results = 1000
    /// The longest time for an answer.
    public var deadline = Duration.seconds(60)

    /// The defaults.
    public init() {}
}

/// The memory that all bodies take together.
final class BodyBudget: Sendable {
    private let left: Mutex<Int>

    /// At most `bytes` together.
    init(bytes: Int) { left = Mutex(bytes) }

    fileprivate func take(_ bytes: Int) -> Bool {
        left.withLock { left in
            guard left >= bytes else { return false }
            left -= bytes
            return true
        }
    }

    func give(_ bytes: Int) { left.withLock { $0 += bytes } }

    /// The share of a request, which goes back when the request is gone.
    func share() -> BodyShare { BodyShare(self) }
}

/// What one body takes of a budget.
final class BodyShare: Sendable {
    private let budget: BodyBudget
    private let taken = Mutex(0)

    fileprivate init(_ budget: BodyBudget) { self.budget = budget }

    fileprivate func takeMore(_ bytes: Int) -> Bool {
        guard budget.take(bytes) else { return false }
        taken.withLock { $0 += bytes }
        return true
    }

    func take(_ bytes: Int) throws {
        guard takeMore(bytes) else {
            throw Problem.busy(
                "the requests in progress hold all the memory that bodies may take; try again in a moment")
        }
    }

    /// A share of the same budget that goes back by itself.
    func another() -> BodyShare { budget.share() }

    deinit { budget.give(taken.withLock { $0 }) }
}
