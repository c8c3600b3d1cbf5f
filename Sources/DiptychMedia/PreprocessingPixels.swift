public import CKernels

extension Preprocessing {
    /// The size of what the model sees of a picture of this size.
    public func outputSize(width: Int, height: Int) -> Size {
        crop ?? resizedSize(width: width, height: height)
    }

    /// The size of what the model sees where it is the same for every image.
    public var fixedSize: Size? {
        if let crop { return crop }
        if case .squash(let size) = resize { return size }
        return nil
    }

    /// The size of what the model sees of an image, which is the same for one that was decoded at a fraction of its size.
    public func outputSize(of image: Image) -> Size {
        outputSize(width: image.fullSize.width, height: image.fullSize.height)
    }

    private func resizedSize(width: Int, height: Int) -> Size {
        resize.size(of: width, height) ?? Size(width: width, height: height)
    }

    /// The pixels of an image as the model sees them.
    ///
    /// - Parameters:
    ///   - image: Any image.
    ///   - instructions: The widest instruction set to use. All give the same floats.
    /// - Returns: float32 in the layout [3, height, width] of ``outputSize(width:height:)``.
    /// - Throws: ``ImageError`` when the image is too long and thin for the resize.
    public func pixels(
        of image: Image, instructions: diptych_isa = diptych_detected_isa()
    ) throws(ImageError) -> [Float] {
        let size = try checkedSize(of: image.fullSize)
        var failure: ImageError?
        let count = size.width * size.height * 3
        let pixels = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(ImageError) {
                try self.pixels(
                    of: image, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]),
                    instructions: instructions)
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return pixels
    }

    /// The size of what the model sees of a picture of this size, if it can be held.
    func checkedSize(of full: Size) throws(ImageError) -> Size {
        let size = outputSize(width: full.width, height: full.height)
        guard size.width * size.height <= 1 << 28 else {
            throw ImageError(
                .invalidPixels, source: "image",
                reason: "\(full.width) × \(full.height) would become \(size.width) × \(size.height)")
        }
        return size
    }

    /// Writes the pixels of an image as the model sees them.
    ///
    /// - Parameters:
    ///   - image: Any image.
    ///   - buffer: Takes float32 in the layout [3, height, width] of ``outputSize(width:height:)``; it may be
    ///     uninitialised.
    ///   - instructions: The widest instruction set to use. All give the same floats.
    /// - Throws: ``ImageError`` when the buffer has another size or the image is too long and thin for the resize.
    public func pixels(
        of image: Image, into buffer: UnsafeMutableBufferPointer<Float>,
        instructions: diptych_isa = diptych_detected_isa()
    ) throws(ImageError) {
        let full = image.fullSize
        try check(buffer, full)
        let plan = plan(full)
        let part = try resample(
            image, width: plan.target.width, height: plan.target.height, keeping: plan.target.crop,
            instructions: instructions)
        write(part, plan, into: buffer)
    }

    /// Where the crop of an image lies.
    struct Plan {
        /// What is resampled.
        let target: Image.Target
        /// The size of what the model sees.
        let size: Size
        /// Where the resampled part lies in it.
        let x: Int
        let y: Int
    }

    /// What becomes of a picture of this size.
    func plan(_ full: Size) -> Plan {
        let size = outputSize(width: full.width, height: full.height)
        let resized = resizedSize(width: full.width, height: full.height)
        // Where the crop begins in the resized image; a negative place is padding.
        let left = cropOffset(resized.width - size.width), top = cropOffset(resized.height - size.height)
        let x = max(left, 0), y = max(top, 0)
        let kept = Image.Crop(
            x: x, y: y, width: min(left + size.width, resized.width) - x,
            height: min(top + size.height, resized.height) - y)
        return Plan(
            target: Image.Target(width: resized.width, height: resized.height, crop: kept), size: size, x: x - left,
            y: y - top)
    }

    private func check(_ buffer: UnsafeMutableBufferPointer<Float>, _ full: Size) throws(ImageError) {
        let size = outputSize(width: full.width, height: full.height)
        guard buffer.baseAddress != nil, buffer.count == size.width * size.height * 3 else {
            throw ImageError(
                .invalidPixels, source: "image",
                reason: "a buffer of \(buffer.count) values cannot take 3 × \(size.height) × \(size.width)")
        }
    }

    /// Normalises a resampled part and puts it in its place.
    func write(_ part: Image, _ plan: Plan, into buffer: UnsafeMutableBufferPointer<Float>) {
        guard let out = buffer.baseAddress else { return }
        let (size, kept) = (plan.size, plan.target.crop)
        let tables = sampleTables(), plane = size.width * size.height
        if kept.width < size.width || kept.height < size.height {
            for channel in 0..<3 { (out + channel * plane).update(repeating: tables[channel * 256], count: plane) }
        }
        let first = plan.y * size.width + plan.x
        part.bytes.withUnsafeBufferPointer { samples in
            tables.withUnsafeBufferPointer { table in
                for row in 0..<kept.height {
                    let target = out + first + row * size.width
                    var at = row * kept.width * 3
                    for column in 0..<kept.width {
                        target[column] = table[Int(samples[at])]
                        target[plane + column] = table[256 + Int(samples[at + 1])]
                        target[2 * plane + column] = table[512 + Int(samples[at + 2])]
                        at += 3
                    }
                }
            }
        }
    }

    /// The first kept pixel of a crop that leaves `spare` pixels out, or minus the padding where too few are there.
    private func cropOffset(_ spare: Int) -> Int {
        switch convention {
        case .transformers: spare >> 1
        // Half to even; of an odd padding the larger part comes last.
        case .torchvision, .torchvisionRGB: spare < 0 ? -(-spare / 2) : (spare / 2) + (spare % 4 == 3 ? 1 : 0)
        }
    }

    private func resample(
        _ image: Image, width: Int, height: Int, keeping crop: Image.Crop, instructions: diptych_isa
    ) throws(ImageError) -> Image {
        guard convention == .torchvision else {
            return try image.resized(
                width: width, height: height, keeping: crop, filter: filter, instructions: instructions)
        }
        return try image.resizedAsStored(
            width: width, height: height, keeping: crop, filter: filter, instructions: instructions)
    }

    /// What each of 256 samples becomes, for three channels: the reference multiplies in double, rounds to float, then
    /// subtracts and divides in float.
    private func sampleTables() -> [Float] {
        let means = normalization?.mean.values, deviations = normalization?.std.values
        return (0..<3).flatMap { channel in
            (0..<256).map { sample in
                let scaled =
                    switch convention {
                    case .transformers: rescaleFactor.map { Float(Double(sample) * $0) } ?? Float(sample)
                    // torchvision divides in single precision.
                    case .torchvision, .torchvisionRGB: rescaleFactor == nil ? Float(sample) : Float(sample) / 255
                    }
                guard let means, let deviations else { return scaled }
                return (scaled - Float(means[channel])) / Float(deviations[channel])
            }
        }
    }
}

extension Preprocessing.Resize {
    /// The size to which a picture of this size is resampled; nil where it keeps its own.
    func size(of width: Int, _ height: Int) -> Preprocessing.Size? {
        switch self {
        case .none: return nil
        case .squash(let size): return size
        case .shortestEdge(let length):
            // The reference divides the exact product as a double and cuts the fraction.
            let (short, long) = (min(width, height), max(width, height))
            let other = Int(Double(length * long) / Double(short))
            return width <= height ? .init(width: length, height: other) : .init(width: other, height: length)
        }
    }
}
