/// Decodes the first frame of a GIF.
///
/// libvips' decoder drops the colour of transparent pixels, which Pillow keeps; hence this reader. The format is that of
/// the GIF89a specification (CompuServe, 1990). Where the frame does not cover the canvas, the rest has the transparent
/// index, else index 0.
struct GIFReader {
    private var reader: ByteReader
    private let options: ImageOptions

    init(bytes: [UInt8], label: String, options: ImageOptions) {
        reader = ByteReader(bytes, label: label, format: .gif, hint: options.tolerantHint)
        self.options = options
    }

    func image() throws(ImageError) -> Image {
        var copy = self
        return try copy.firstFrame()
    }

    private struct Frame {
        var left = 0, top = 0, width = 0, height = 0
        var isInterlaced = false
        var transparent: Int?
    }

    private mutating func firstFrame() throws(ImageError) -> Image {
        try reader.skip(6)
        let screenWidth = try reader.number(bytes: 2), screenHeight = try reader.number(bytes: 2)
        let flags = try reader.byte()
        try reader.skip(2)
        var palette = Palette()
        if flags & 0x80 != 0 { try readPalette(flags, into: &palette) }

        var frame = Frame()
        try skipToImage(&frame)
        frame.left = try reader.number(bytes: 2)
        frame.top = try reader.number(bytes: 2)
        frame.width = try reader.number(bytes: 2)
        frame.height = try reader.number(bytes: 2)
        let imageFlags = try reader.byte()
        frame.isInterlaced = imageFlags & 0x40 != 0
        if imageFlags & 0x80 != 0 {
            palette = Palette()
            try readPalette(imageFlags, into: &palette)
        }
        // A frame that sticks out of the screen enlarges it.
        let width = max(screenWidth, frame.left + frame.width), height = max(screenHeight, frame.top + frame.height)
        try options.check(width: width, height: height, label: reader.label, format: .gif)
        try options.check(width: frame.width, height: frame.height, label: reader.label, format: .gif)

        let indices = try decompress(count: frame.width * frame.height)
        let canvas = place(indices, of: frame, width: width, height: height)
        var samples = palette.samples(of: canvas)
        if options.alpha == .onWhite, let transparent = frame.transparent {
            for (at, index) in canvas.enumerated() where index == transparent {
                samples.replaceSubrange(at * 3..<at * 3 + 3, with: [255, 255, 255])
            }
        }
        return Image(uncheckedWidth: width, height: height, bytes: samples, isIndexed: !palette.isRamp)
    }

    private mutating func readPalette(_ flags: Int, into palette: inout Palette) throws(ImageError) {
        let entries = try reader.slice(3 << (flags & 7 + 1))
        for (index, start) in stride(from: entries.startIndex, to: entries.endIndex, by: 3).enumerated() {
            palette.set(index, red: entries[start], green: entries[start + 1], blue: entries[start + 2])
        }
    }

    /// Reads over extensions; of these only the graphic control of the frame matters.
    private mutating func skipToImage(_ frame: inout Frame) throws(ImageError) {
        while true {
            switch try reader.byte() {
            case 0x2C: return
            case 0x3B: throw reader.damaged("it holds no image")
            case 0x21:
                let isGraphicControl = try reader.byte() == 0xF9
                var block = try reader.slice(reader.byte())
                if isGraphicControl, block.count == 4, let flags = block.first, let index = block.last {
                    // The reserved fourth field of the block is the transparent index; the first holds its switch.
                    frame.transparent = flags & 1 != 0 ? Int(index) : nil
                }
                while !block.isEmpty { block = try reader.slice(reader.byte()) }
            case 0: continue
            default: throw reader.damaged("it holds an unknown block")
            }
        }
    }

    /// Lempel–Ziv–Welch decompression of `count` indices from the sub-blocks that follow.
    private mutating func decompress(count: Int) throws(ImageError) -> [UInt8] {
        let minimumBits = try reader.byte()
        guard (1...8).contains(minimumBits) else { throw reader.damaged("its codes have \(minimumBits) bits") }
        let clear = 1 << minimumBits, end = clear + 1
        // A string is its last index and the code of the string before it.
        var last = [UInt8](repeating: 0, count: 4096), prefix = [Int](repeating: 0, count: 4096)
        var first = last
        for code in 0..<clear { (last[code], first[code]) = (UInt8(code), UInt8(code)) }
        var next = end + 1, bits = minimumBits + 1
        var previous: Int?
        var output: [UInt8] = []
        output.reserveCapacity(min(count, 1 << 24))
        var string: [UInt8] = []
        var buffer = 0, buffered = 0, blockLeft = 0

        while output.count < count {
            while buffered < bits {
                if options.isTolerant, reader.remaining == 0 { return filled(output, count) }
                if blockLeft == 0 {
                    blockLeft = try reader.byte()
                    guard blockLeft > 0 else {
                        guard !options.isTolerant else { return filled(output, count) }
                        throw reader.damaged("the data end too early" + options.tolerantHint)
                    }
                    if options.isTolerant, reader.remaining == 0 { return filled(output, count) }
                }
                buffer |= try reader.byte() << buffered
                (buffered, blockLeft) = (buffered + 8, blockLeft - 1)
            }
            let code = buffer & (1 << bits - 1)
            (buffer, buffered) = (buffer >> bits, buffered - bits)
            if code == clear {
                (next, bits, previous) = (end + 1, minimumBits + 1, nil)
                continue
            }
            guard code != end else {
                guard !options.isTolerant else { return filled(output, count) }
                throw reader.damaged("the data end too early" + options.tolerantHint)
            }
            guard code < next || (code == next && previous != nil), code < 4096 else {
                throw reader.damaged("a code stands for nothing")
            }
            // The newest code may be used before it is complete: it then repeats the first index of the previous string.
            if let previous, next < 4096 {
                prefix[next] = previous
                first[next] = first[previous]
                last[next] = code == next ? first[previous] : first[code]
            }
            string.removeAll(keepingCapacity: true)
            var link = code
            while link >= clear {
                string.append(last[link])
                link = prefix[link]
            }
            output.append(last[link])
            output.append(contentsOf: string.reversed())
            if previous != nil, next < 4096 {
                next += 1
                if next == 1 << bits, bits < 12 { bits += 1 }
            }
            previous = code
        }
        output.removeLast(output.count - count)
        return output
    }

    /// Indices that are missing are 0.
    private func filled(_ indices: [UInt8], _ count: Int) -> [UInt8] {
        indices.prefix(count) + [UInt8](repeating: 0, count: max(0, count - indices.count))
    }

    /// Puts the frame's rows, in their order of transmission, on the canvas.
    private func place(_ indices: [UInt8], of frame: Frame, width: Int, height: Int) -> [UInt8] {
        if frame.width == width, frame.height == height, !frame.isInterlaced { return indices }
        var canvas = [UInt8](repeating: UInt8(frame.transparent ?? 0), count: width * height)
        var rows = Array(0..<frame.height)
        if frame.isInterlaced {
            rows = [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: frame.height, by: $0.1)) }
        }
        for (sent, row) in rows.enumerated() {
            let start = (frame.top + row) * width + frame.left
            canvas.replaceSubrange(
                start..<start + frame.width, with: indices[sent * frame.width..<(sent + 1) * frame.width])
        }
        return canvas
    }
}
