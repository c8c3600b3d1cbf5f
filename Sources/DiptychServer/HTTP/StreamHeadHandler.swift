internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Answers a HEAD of a stream as its GET is answered: without a length. Hummingbird says 0, which the stream does not have.
///
/// Without a length NIO ends an answer with a last chunk, also that to a HEAD, which has no body (RFC 9112, section 6.3): a client
/// would take it for the beginning of the next answer. It is left out.
final class StreamHeadHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let filter = Filter()
    private var hasFilter = false
    private var isHead = false

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let encoder = try? pipeline.handler(type: HTTPResponseEncoder.self) else { return }
        hasFilter = (try? pipeline.addHandler(filter, position: .before(encoder))) != nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head)
        where hasFilter && head.headerFields[.contentType] == EventStreams.type
            && head.headerFields[.contentLength] == "0":
            isHead = true
            head.headerFields[.contentLength] = nil
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isHead:
            isHead = false
            filter.isClosed = true
            context.write(data, promise: promise)
            filter.isClosed = false
        case .head, .body, .end: context.write(data, promise: promise)
        }
    }

    /// Stands between the encoder and the network, and lets nothing through while it is closed.
    private final class Filter: ChannelOutboundHandler, RemovableChannelHandler {
        typealias OutboundIn = IOData
        typealias OutboundOut = IOData

        var isClosed = false

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            // An empty write keeps the promise, in its turn.
            context.write(isClosed ? wrapOutboundOut(.byteBuffer(ByteBuffer())) : data, promise: promise)
        }
    }
}
