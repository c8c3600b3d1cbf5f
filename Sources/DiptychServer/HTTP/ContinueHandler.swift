internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Tells clients that ask before they send a large body to go on (RFC 9110, section 10.1.1): curl would wait a second.
final class ContinueHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }
}

/// Answers a HEAD of a stream as its GET is answered: without a length. Hummingbird says 0, which the stream does not have.
///
/// Without a length chunks follow, and of an answer without a body the last one, which no client waits for: the connection ends with
/// it.
final class StreamHeadHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var isLast = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head)
        where head.headerFields[.contentType] == EventStreams.type && head.headerFields[.contentLength] == "0":
            isLast = true
            head.headerFields[.contentLength] = nil
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isLast:
            let channel = context.channel, written = promise ?? context.eventLoop.makePromise()
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.write(data, promise: written)
        case .head, .body, .end: context.write(data, promise: promise)
        }
    }
}
