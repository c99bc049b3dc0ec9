// Products of matrices, and of a matrix and a vector.
#import "kernel.h"

static NSString* name_of(MPSDataType type) {
  return type == MPSDataTypeFloat32 ? @"float" : @"half";
}

/// How many of `there` are taken, of a batch that begins at `start`.
static NSUInteger batch(NSUInteger there, NSUInteger start, NSUInteger size) {
  return start < there ? MIN(there - start, size) : 0;
}

/// The part of a matrix that begins at `origin`, from the batch's first matrix on.
static struct Operand part_of(id kernel, SEL method, NSString* which, MPSMatrix* matrix,
                              MTLOrigin origin, NSUInteger rows, NSUInteger columns,
                              NSUInteger first) {
  mps_require(matrix != nil, kernel, method, @"the %@ matrix is nil", which);
  mps_require(origin.z == 0, kernel, method, @"the %@ matrix's origin has z %lu; it has to be 0",
              which, origin.z);
  mps_require(origin.x <= matrix.rows && rows <= matrix.rows - origin.x &&
                  origin.y <= matrix.columns && columns <= matrix.columns - origin.y,
              kernel, method, @"%lu x %lu at (%lu, %lu) are beyond the %@ matrix's %lu x %lu", rows,
              columns, origin.x, origin.y, which, matrix.rows, matrix.columns);
  const NSUInteger bytes = bytes_of(matrix.dataType);
  mps_require(matrix.offset % bytes == 0, kernel, method,
              @"the %@ matrix's offset %lu is no multiple of its elements' %lu bytes", which,
              matrix.offset, bytes);
  return (struct Operand){
      .first = (matrix.offset + first * matrix.matrixBytes + origin.x * matrix.rowBytes) / bytes +
               origin.y,
      .matrix = matrix.matrixBytes / bytes,
      .row = matrix.rowBytes / bytes};
}
static struct Operand part_of_vector(id kernel, SEL method, NSString* which, MPSVector* vector,
                                     MTLOrigin origin, NSUInteger length, NSUInteger first) {
  mps_require(vector != nil, kernel, method, @"the %@ vector is nil", which);
  mps_require(origin.y == 0 && origin.z == 0, kernel, method,
              @"the %@ vector's origin is (%lu, %lu, %lu); y and z have to be 0", which, origin.x,
              origin.y, origin.z);
  mps_require(origin.x <= vector.length && length <= vector.length - origin.x, kernel, method,
              @"%lu elements at %lu are beyond the %@ vector's %lu", length, origin.x, which,
              vector.length);
  const NSUInteger bytes = bytes_of(vector.dataType);
  mps_require(vector.offset % bytes == 0, kernel, method,
              @"the %@ vector's offset %lu is no multiple of its elements' %lu bytes", which,
              vector.offset, bytes);
  return (struct Operand){.first = (vector.offset + first * vector.vectorBytes) / bytes + origin.x,
                          .matrix = vector.vectorBytes / bytes};
}

static void encode(id<MTLCommandBuffer> commands, MPSKernel* kernel,
                   id<MTLComputePipelineState> pipeline, NSArray<id<MTLBuffer>>* buffers,
                   const struct Product* product, MTLSize grid, MTLSize group) {
  if (!grid.width || !grid.height || !grid.depth) return;
  id<MTLComputeCommandEncoder> const encoder = [commands computeCommandEncoder];
  if (kernel.label) encoder.label = kernel.label;
  [encoder setComputePipelineState:pipeline];
  for (NSUInteger i = 0; i < buffers.count; ++i) [encoder setBuffer:buffers[i] offset:0 atIndex:i];
  [encoder setBytes:product length:sizeof *product atIndex:buffers.count];
  [encoder dispatchThreads:grid threadsPerThreadgroup:group];
  [encoder endEncoding];
}

@implementation MPSMatrixMultiplication {
  BOOL _transposeLeft, _transposeRight;
  NSUInteger _resultRows, _resultColumns, _interiorColumns;
  double _alpha, _beta;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device
                 transposeLeft:(BOOL)transposeLeft
                transposeRight:(BOOL)transposeRight
                    resultRows:(NSUInteger)resultRows
                 resultColumns:(NSUInteger)resultColumns
               interiorColumns:(NSUInteger)interiorColumns
                         alpha:(double)alpha
                          beta:(double)beta {
  if (!(self = [super initWithDevice:device])) return nil;
  _transposeLeft = transposeLeft;
  _transposeRight = transposeRight;
  _resultRows = resultRows;
  _resultColumns = resultColumns;
  _interiorColumns = interiorColumns;
  _alpha = alpha;
  _beta = beta;
  _batchSize = NSUIntegerMax;
  return self;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device
                    resultRows:(NSUInteger)resultRows
                 resultColumns:(NSUInteger)resultColumns
               interiorColumns:(NSUInteger)interiorColumns {
  return [self initWithDevice:device
                transposeLeft:NO
               transposeRight:NO
                   resultRows:resultRows
                resultColumns:resultColumns
              interiorColumns:interiorColumns
                        alpha:1
                         beta:0];
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSMatrixMultiplication* const copy = [super copyWithZone:zone device:device];
  copy->_transposeLeft = _transposeLeft;
  copy->_transposeRight = _transposeRight;
  copy->_resultRows = _resultRows;
  copy->_resultColumns = _resultColumns;
  copy->_interiorColumns = _interiorColumns;
  copy->_alpha = _alpha;
  copy->_beta = _beta;
  copy->_resultMatrixOrigin = _resultMatrixOrigin;
  copy->_leftMatrixOrigin = _leftMatrixOrigin;
  copy->_rightMatrixOrigin = _rightMatrixOrigin;
  copy->_batchStart = _batchStart;
  copy->_batchSize = _batchSize;
  return copy;
}
- (void)encodeToCommandBuffer:(id<MTLCommandBuffer>)commandBuffer
                   leftMatrix:(MPSMatrix*)left
                  rightMatrix:(MPSMatrix*)right
                 resultMatrix:(MPSMatrix*)result {
  const struct Product product = {
      .left = part_of(self, _cmd, @"left", left, _leftMatrixOrigin,
                      _transposeLeft ? _interiorColumns : _resultRows,
                      _transposeLeft ? _resultRows : _interiorColumns, _batchStart),
      .right = part_of(self, _cmd, @"right", right, _rightMatrixOrigin,
                       _transposeRight ? _resultColumns : _interiorColumns,
                       _transposeRight ? _interiorColumns : _resultColumns, _batchStart),
      .result = part_of(self, _cmd, @"result", result, _resultMatrixOrigin, _resultRows,
                        _resultColumns, _batchStart),
      .rows = (unsigned int)_resultRows,
      .columns = (unsigned int)_resultColumns,
      .interior = (unsigned int)_interiorColumns,
      .alpha = (float)_alpha,
      .beta = (float)_beta};
  NSString* const function =
      [NSString stringWithFormat:@"multiply_%@_%@_%@", name_of(left.dataType),
                                 name_of(right.dataType), name_of(result.dataType)];
  const NSUInteger matrices = MIN(MIN(batch(left.matrices, _batchStart, _batchSize),
                                      batch(right.matrices, _batchStart, _batchSize)),
                                  batch(result.matrices, _batchStart, _batchSize));
  // Eight rows a thread: rows_of_thread in kernels.metal.
  encode(commandBuffer, self, mps_pipeline(self.device, function, _transposeLeft, _transposeRight),
         @[ left.data, right.data, result.data ], &product,
         MTLSizeMake(_resultColumns, (_resultRows + 7) / 8, matrices), MTLSizeMake(32, 1, 1));
}
@end

@implementation MPSMatrixBinaryKernel
- (instancetype)initWithDevice:(id<MTLDevice>)device {
  if ((self = [super initWithDevice:device])) _batchSize = NSUIntegerMax;
  return self;
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSMatrixBinaryKernel* const copy = [super copyWithZone:zone device:device];
  copy->_primarySourceMatrixOrigin = _primarySourceMatrixOrigin;
  copy->_secondarySourceMatrixOrigin = _secondarySourceMatrixOrigin;
  copy->_resultMatrixOrigin = _resultMatrixOrigin;
  copy->_batchStart = _batchStart;
  copy->_batchSize = _batchSize;
  return copy;
}
@end

@implementation MPSMatrixVectorMultiplication {
  BOOL _transpose;
  NSUInteger _rows, _columns;
  double _alpha, _beta;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device
                     transpose:(BOOL)transpose
                          rows:(NSUInteger)rows
                       columns:(NSUInteger)columns
                         alpha:(double)alpha
                          beta:(double)beta {
  if (!(self = [super initWithDevice:device])) return nil;
  _transpose = transpose;
  _rows = rows;
  _columns = columns;
  _alpha = alpha;
  _beta = beta;
  return self;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device
                          rows:(NSUInteger)rows
                       columns:(NSUInteger)columns {
  return [self initWithDevice:device transpose:NO rows:rows columns:columns alpha:1 beta:0];
}
- (instancetype)copyWithZone:(NSZone*)zone device:(id<MTLDevice>)device {
  MPSMatrixVectorMultiplication* const copy = [super copyWithZone:zone device:device];
  copy->_transpose = _transpose;
  copy->_rows = _rows;
  copy->_columns = _columns;
  copy->_alpha = _alpha;
  copy->_beta = _beta;
  return copy;
}
- (void)encodeToCommandBuffer:(id<MTLCommandBuffer>)commandBuffer
                  inputMatrix:(MPSMatrix*)matrix
                  inputVector:(MPSVector*)vector
                 resultVector:(MPSVector*)result {
  // Rows and columns are those of op(matrix), as in a product of matrices.
  const NSUInteger start = self.batchStart, size = self.batchSize;
  const struct Product product = {
      .left = part_of(self, _cmd, @"input", matrix, self.primarySourceMatrixOrigin,
                      _transpose ? _columns : _rows, _transpose ? _rows : _columns, start),
      .right = part_of_vector(self, _cmd, @"input", vector, self.secondarySourceMatrixOrigin,
                              _columns, start),
      .result =
          part_of_vector(self, _cmd, @"result", result, self.resultMatrixOrigin, _rows, start),
      .rows = (unsigned int)_rows,
      .columns = 1,
      .interior = (unsigned int)_columns,
      .alpha = (float)_alpha,
      .beta = (float)_beta};
  NSString* const function =
      [NSString stringWithFormat:@"multiply_vector_%@_%@_%@", name_of(matrix.dataType),
                                 name_of(vector.dataType), name_of(result.dataType)];
  const NSUInteger vectors =
      MIN(MIN(batch(matrix.matrices, start, size), batch(vector.vectors, start, size)),
          batch(result.vectors, start, size));
  encode(commandBuffer, self, mps_pipeline(self.device, function, _transpose, NO),
         @[ matrix.data, vector.data, result.data ], &product,
         _transpose ? MTLSizeMake(_rows, 1, vectors) : MTLSizeMake(_rows ? 32 : 0, _rows, vectors),
         MTLSizeMake(32, 1, 1));
}
@end
