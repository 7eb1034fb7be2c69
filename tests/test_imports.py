"""The contract of names: what PyTensor's users import works with the package's name changed.

The table lists, module by module, the public names of PyTensor 2.38 that are in scope; names that
a module of it merely imports from elsewhere are not. `NOT_THERE` lists what is left out on purpose:
it must fail at import, not half-work.
"""

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import pytensorlite
import pytensorlite.tensor as pt

CENSUS = {
    "pytensorlite": """
        FunctionMaker In Lop Mode OpFromGraph OrderedUpdates Out ProfileStats Rop Variable
        as_symbolic clone_replace config dprint function function_dump
        get_underlying_scalar_constant grad graph_replace ifelse pp pprint shared subgraph_grad
        tensor
    """,
    "pytensorlite.compile": """
        AddFeatureOptimizer AliasedMemoryError C CVM DeepCopyOp FAST_COMPILE FromFunctionOp
        Function FunctionMaker In JAX Mode NUMBA OPT_FAST_COMPILE OPT_FAST_RUN OPT_FAST_RUN_STABLE
        OPT_MERGE OPT_NONE OPT_O2 OPT_O3 OPT_STABILIZE OPT_UNSAFE Out PYTORCH
        PrintCurrentFunctionGraph ProfileStats SharedVariable Supervisor SymbolicInput
        SymbolicOutput UnusedInputError ViewOp as_op deep_copy_op get_default_mode get_mode optdb
        register_linker register_mode register_optimizer shared shared_constructor view_op wrap_py
    """,
    "pytensorlite.compile.builders": """
        OpFromGraph construct_nominal_fgraph infer_shape
    """,
    "pytensorlite.compile.function": """
        types
    """,
    "pytensorlite.compile.function.types": """
        AliasedMemoryError Function FunctionMaker Supervisor UnusedInputError
    """,
    "pytensorlite.compile.io": """
        In Out SymbolicInput SymbolicOutput
    """,
    "pytensorlite.compile.mode": """
        AddFeatureOptimizer C CVM FAST_COMPILE JAX MLX Mode NUMBA OPT_FAST_COMPILE OPT_FAST_RUN
        OPT_FAST_RUN_STABLE OPT_MERGE OPT_MINIMUM OPT_NONE OPT_O2 OPT_O3 OPT_STABILIZE OPT_UNSAFE
        PYTORCH PrintCurrentFunctionGraph get_default_mode get_mode get_target_language optdb
        register_linker register_mode register_optimizer
    """,
    "pytensorlite.compile.ops": """
        DeepCopyOp FromFunctionOp ViewOp as_op deep_copy_op load_back view_op wrap_py
    """,
    "pytensorlite.compile.sharedvalue": """
        SharedVariable generic shared shared_constructor
    """,
    "pytensorlite.configdefaults": """
        config
    """,
    "pytensorlite.gradient": """
        DisconnectedGrad DisconnectedInputError DisconnectedType GradClip GradScale GradientError
        Lop NullType NullTypeGradError Rop UndefinedGrad ZeroGrad as_list_or_tuple
        disconnected_grad disconnected_grad_ disconnected_type grad grad_clip grad_not_implemented
        grad_scale grad_undefined hessian hessian_vector_product jacobian mode_not_slow null_type
        numeric_grad pushforward_through_pullback subgraph_grad undefined_grad undefined_grad_
        verify_grad zero_grad zero_grad_
    """,
    "pytensorlite.graph": """
        Apply Constant FunctionGraph Op ancestors node_rewriter
    """,
    "pytensorlite.graph.basic": """
        Apply AtomicVariable Constant MetaObject Node NominalVariable OpType OptionalApplyType
        Variable as_string clone clone_get_equiv clone_node_and_cache default_node_formatter
        equal_computations op_as_string
    """,
    "pytensorlite.graph.features": """
        AlreadyThere BadOptimization Bookkeeper Feature FullHistory GetCheckpoint History
        LambdaExtract NoOutputFromInplace PreserveVariableAttributes ReplaceValidate
        ReplacementDidNotRemoveError Validator
    """,
    "pytensorlite.graph.fg": """
        FunctionGraph Output
    """,
    "pytensorlite.graph.op": """
        HasInnerGraph Op ThunkType compute_test_value get_test_value get_test_values
        io_connection_pattern is_thunk_type missing_test_message
    """,
    "pytensorlite.graph.replace": """
        clone_replace graph_replace vectorize vectorize_graph
    """,
    "pytensorlite.graph.rewriting.basic": """
        ChangeTracker CheckStackTraceFeature CheckStackTraceRewriter DispatchingFeature
        EquilibriumGraphRewriter FromFunctionGraphRewriter FromFunctionNodeRewriter GraphRewriter
        MergeFeature MergeOptimizer NodeProcessingGraphRewriter NodeRewriter OpToRewriterTracker
        PatternNodeRewriter Rewriter SequentialGraphRewriter SequentialNodeRewriter
        SubstitutionNodeRewriter WalkingGraphRewriter check_stack_trace copy_stack_trace
        graph_rewriter in2out inplace_graph_rewriter merge_dict node_rewriter out2in
        pre_constant_merge pre_greedy_node_rewriter walking_rewriter
    """,
    "pytensorlite.graph.rewriting.db": """
        EquilibriumDB LocalGroupDB ProxyDB RewriteDatabase RewriteDatabaseQuery SequenceDB TopoDB
    """,
    "pytensorlite.graph.rewriting.utils": """
        get_clients_at_depth is_same_graph is_same_graph_with_merge rewrite_graph
    """,
    "pytensorlite.graph.traversal": """
        ancestors apply_ancestors apply_depends_on applys_between explicit_graph_inputs
        general_toposort get_var_by_name graph_inputs io_toposort orphans_between toposort
        toposort_with_orderings truncated_graph_inputs variable_ancestors variable_depends_on
        vars_between walk walk_toposort
    """,
    "pytensorlite.graph.type": """
        HasDataType HasShape Type
    """,
    "pytensorlite.graph.utils": """
        AssocList InconsistencyError MetaObject MetaType MethodNotDefined MissingInputError
        Scratchpad TestValueError ValidatingScratchpad add_tag_trace get_variable_trace_string
        simple_extract_stack
    """,
    "pytensorlite.ifelse": """
        IfElse ifelse
    """,
    "pytensorlite.printing": """
        ConstantPrinter DefaultPrinter FunctionPrinter IgnorePrinter LeafPrinter OperatorPrinter
        PPrinter PatternPrinter Print Printer PrinterState char_from_number constant_printer
        debugprint default_printer get_node_by_id hex_digest leaf_printer min_informative_str
        op_debug_information position_independent_str pp pprint pydotprint set_precedence
        var_descriptor
    """,
    "pytensorlite.raise_op": """
        Assert CheckAndRaise assert_op
    """,
    "pytensorlite.scalar": """
        Switch switch
    """,
    "pytensorlite.scalar.basic": """
        AND Abs Add Angle ArcCos ArcCosh ArcSin ArcSinh ArcTan ArcTan2 ArcTanh BinaryBitOp
        BinaryScalarOp Cast Ceil Clip Complex ComplexError ComplexFromPolar Conj Cos Cosh Deg2Rad
        EQ Exp Exp2 Expm1 FixedLogicalComparison Floor GE GT Identity Imag IntDiv
        IntegerDivisionError Invert IsInf IsNan LE LT Log Log10 Log1p Log2 LogicalComparison
        Maximum Minimum Mod Mul NEQ Neg NumpyAutocaster OR Pow Rad2Deg Real Reciprocal
        RoundHalfAwayFromZero RoundHalfToEven ScalarConstant ScalarMaximum ScalarMinimum ScalarOp
        ScalarType ScalarVariable Second Sign Sin Sinh Sqr Sqrt Sub Switch Tan Tanh TrueDiv Trunc
        UnaryBitOp UnaryScalarOp XOR abs add and_ angle arccos arccosh arcsin arcsinh arctan
        arctan2 arctanh as_common_dtype as_scalar autocast_float autocast_float_as autocast_int
        bool cast ceil clip complex complex128 complex64 complex_from_polar conj constant convert
        convert_to_bool convert_to_complex128 convert_to_complex64 convert_to_float16
        convert_to_float32 convert_to_float64 convert_to_int16 convert_to_int32 convert_to_int64
        convert_to_int8 convert_to_uint16 convert_to_uint32 convert_to_uint64 convert_to_uint8 cos
        cosh deg2rad eq exp exp2 expm1 float16 float32 float64 float_out float_out_nocomplex floor
        floor_div ge get_scalar_type gt identity imag int16 int32 int64 int8 int_div int_out
        int_out_nocomplex invert isinf isnan le log log10 log1p log2 lt maximum minimum mod
        mod_check mul neg neq or_ pow rad2deg real real_out reciprocal round_half_away_from_zero
        round_half_to_even same_out same_out_float_only same_out_min8 same_out_nobool
        same_out_nocomplex scalar_maximum scalar_minimum second sign sin sinh specific_out sqr
        sqrt sub switch tan tanh true_div trunc uint16 uint32 uint64 uint8 unary_out_lookup upcast
        upcast_out upcast_out_min8 upcast_out_no_complex upcast_out_nobool upgrade_to_float
        upgrade_to_float64 upgrade_to_float_no_complex xor
    """,
    "pytensorlite.scalar.math": """
        BetaInc BetaIncInv BinaryScalarOp Erf Erfc Erfcinv Erfcx Erfinv Gamma GammaInc GammaIncC
        GammaIncCInv GammaIncInv GammaL GammaLn GammaU Hyp2F1 I0 I1 Iv Ive J0 J1 Jv Kve Log1mexp
        Owens_t PolyGamma Psi ScalarOp Sigmoid Softplus TriGamma UnaryScalarOp betainc
        betainc_grad betaincinv betaln erf erfc erfcinv erfcx erfinv exp expm1 floor gamma
        gammainc gammainc_grad gammaincc gammaincc_grad gammainccinv gammaincinv gammal gammaln
        gammau hyp2f1 hyp2f1_grad i0 i1 identity isinf iv ive j0 j1 jv kve log log1mexp log1p
        maximum owens_t polygamma psi reciprocal scalar_abs sigmoid softplus sqrt tri_gamma
        true_div
    """,
    "pytensorlite.tensor": """
        TensorConstant TensorType TensorVariable abs add all allclose alloc and_ any arange arccos
        arccosh arcsin arcsinh arctan arctanh argmax as_tensor as_tensor_variable atleast_1d
        betainc bitwise_and bitwise_not broadcast_arrays broadcast_shape broadcast_to cast ceil
        clip concatenate constant cos cosh cumprod cumsum diag diagonal diff dot dvector einsum
        empty eq erf erfc erfcinv erfcx exp expand_dims eye fill flatten floor full full_like
        fvector gamma gammaincc gammaln ge get_underlying_scalar_constant_value get_vector_length
        grad gt i0 i1 identity_like inc_subtensor inf iscalar isclose isinf isnan isneginf ive
        ivector jacobian join kv le log log1mexp log1p log1pexp logaddexp logsumexp lt matrix max
        maximum mean min minimum moveaxis mul neq ones ones_like or_ outer pow power prod
        reciprocal repeat reshape round scalar set_subtensor shape shape_padleft shape_padright
        sigmoid sign sin sinh softplus sort specify_broadcastable specify_shape split sqr sqrt
        square squeeze stack sub sum switch take take_along_axis tan tanh tensor3 tile transpose
        unique vector where zeros zeros_like
    """,
    "pytensorlite.tensor.basic": """
        Join MakeVector alloc arange atleast_Nd cast choose concatenate constant diag diagonal
        empty empty_like expand_dims extract_diag eye fill flatnonzero flatten full full_like
        get_scalar_constant_value get_underlying_scalar_constant_value horizontal_stack identity
        identity_like inverse_permutation is_flat join matrix_transpose mgrid moveaxis nonzero
        nonzero_values ogrid ones ones_like permute_row_elements roll scalar_from_tensor second
        split stack stacklists swapaxes switch take_along_axis tensor_copy tensor_from_scalar tile
        trace transfer transpose tri tril tril_indices tril_indices_from triu triu_indices
        triu_indices_from vertical_stack where zeros zeros_like
    """,
    "pytensorlite.tensor.blockwise": """
        Blockwise vectorize_node_fallback
    """,
    "pytensorlite.tensor.einsum": """
        einsum
    """,
    "pytensorlite.tensor.elemwise": """
        CAReduce DimShuffle Elemwise get_normalized_batch_axes scalar_elemwise
    """,
    "pytensorlite.tensor.exceptions": """
        NotScalarConstantError
    """,
    "pytensorlite.tensor.extra_ops": """
        bartlett bincount broadcast_arrays broadcast_shape broadcast_to compress
        concat_with_broadcast cumprod cumsum diff fill_diagonal fill_diagonal_offset geomspace
        linspace logspace ravel_multi_index repeat searchsorted squeeze unique unravel_index
    """,
    "pytensorlite.tensor.functional": """
        vectorize
    """,
    "pytensorlite.tensor.linalg": """
        block_diag cho_solve cholesky det eig eigh eigvalsh expm inv kron lstsq lu lu_factor
        lu_solve matrix_dot matrix_power norm pinv qr slogdet solve solve_triangular svd tensorinv
        tensorsolve trace
    """,
    "pytensorlite.tensor.math": """
        abs add all allclose and_ angle any arccos arccosh arcsin arcsinh arctan arctan2 arctanh
        argmax argmin betainc betaincinv bitwise_and bitwise_not bitwise_or bitwise_xor ceil
        ceil_intdiv chi2sf clip complex complex_from_polar conj conjugate cos cosh cov deg2rad
        dense_dot digamma divmod dot eq equal erf erfc erfcinv erfcx erfinv exp exp2 expit expm1
        floor floor_div gamma gammainc gammaincc gammainccinv gammaincinv gammal gammaln gammau ge
        greater greater_equal gt hyp2f1 i0 i1 imag int_div invert iround isclose isinf isnan
        isneginf isposinf iv ive j0 j1 jv kn kv kve largest le less less_equal log log10 log1mexp
        log1p log1pexp log2 logaddexp logsumexp lt matmul matvec max max_and_argmax maximum mean
        median min minimum mod mul nan_to_num neg neq not_equal or_ outer owens_t polygamma pow
        power prod psi ptp rad2deg real reciprocal round round_half_away_from_zero
        round_half_to_even sgn sigmoid sign sin sinh smallest softplus sqr sqrt square std sub sum
        tan tanh tensordot tri_gamma true_div trunc var vecdot vecmat xor
    """,
    "pytensorlite.tensor.nlinalg": """
        det eig eigh inv kron lstsq matrix_dot matrix_power norm pinv slogdet svd tensorinv
        tensorsolve trace
    """,
    "pytensorlite.tensor.reshape": """
        join_dims pack split_dims unpack
    """,
    "pytensorlite.tensor.rewriting.shape": """
        ShapeFeature
    """,
    "pytensorlite.tensor.shape": """
        Reshape Shape Shape_i SpecifyShape reshape shape shape_i shape_padaxis shape_padleft
        shape_padright shape_tuple specify_broadcastable specify_shape vectorize_shape
    """,
    "pytensorlite.tensor.sharedvar": """
        SharedVariable TensorSharedVariable load_shared_variable scalar_constructor
        tensor_constructor
    """,
    "pytensorlite.tensor.slinalg": """
        block_diag cho_solve cholesky eigvalsh expm lu lu_factor lu_solve qr solve
        solve_triangular
    """,
    "pytensorlite.tensor.sort": """
        ArgSortOp SortOp argsort sort
    """,
    "pytensorlite.tensor.special": """
        beta betaln factorial log_softmax logit poch softmax
    """,
    "pytensorlite.tensor.subtensor": """
        AdvancedIncSubtensor AdvancedIncSubtensor1 AdvancedSubtensor AdvancedSubtensor1
        IncSubtensor Subtensor flip inc_subtensor set_subtensor slice_at_axis take
    """,
    "pytensorlite.tensor.type": """
        TensorType bcol bmatrix brow bscalar btensor3 btensor4 btensor5 btensor6 btensor7 bvector
        ccol cmatrix col complex_matrix_types complex_scalar_types complex_types
        complex_vector_types crow cscalar ctensor3 ctensor4 ctensor5 ctensor6 ctensor7 cvector
        dcol dmatrix drow dscalar dtensor3 dtensor4 dtensor5 dtensor6 dtensor7 dvector fcol
        float_matrix_types float_scalar_types float_types float_vector_types fmatrix frow fscalar
        ftensor3 ftensor4 ftensor5 ftensor6 ftensor7 fvector icol imatrix int_matrix_types
        int_scalar_types int_types int_vector_types irow iscalar itensor3 itensor4 itensor5
        itensor6 itensor7 ivector lcol lmatrix lrow lscalar ltensor3 ltensor4 ltensor5 ltensor6
        ltensor7 matrix row scalar tensor tensor3 tensor4 tensor5 tensor6 tensor7
        values_eq_approx_always_true vector wcol wrow wscalar wtensor3 wtensor4 wtensor5 wtensor6
        wtensor7 wvector zcol zmatrix zrow zscalar ztensor3 ztensor4 ztensor5 ztensor6 ztensor7
        zvector
    """,
    "pytensorlite.tensor.type_other": """
        NoneTypeT
    """,
    "pytensorlite.tensor.utils": """
        safe_signature
    """,
    "pytensorlite.tensor.variable": """
        DenseConstantMeta DenseTensorConstant DenseTensorVariable DenseVariableMeta TensorConstant
        TensorConstantSignature TensorVariable get_unique_constant_value
    """,
    "pytensorlite.tensor.xlogx": """
        xlogx xlogy0
    """,
    "pytensorlite.updates": """
        OrderedUpdates
    """,
}

METHODS = """
    T all any arccos arccosh arcsin arcsinh arctan arctanh argmax argmin argsort astype
    broadcastable ceil choose clip clone compress conj conjugate copy cos cosh cumprod cumsum
    deg2rad diagonal dimshuffle dot dprint dtype eval exp exp2 expm1 fill flatten floor get_parents
    get_test_value get_underlying_scalar_constant imag inc log log10 log1p log2 mT max mean min ndim
    nonzero nonzero_values norm ones_like prod ptp rad2deg ravel real repeat reshape round
    searchsorted set shape sin sinh size sort sqrt squeeze std sum swapaxes take tan tanh trace
    transfer transpose trunc var zeros_like
"""

NOT_THERE = """
    pytensorlite.scan pytensorlite.map pytensorlite.reduce pytensorlite.foldl pytensorlite.foldr
    pytensorlite.wrap_jax pytensorlite.sparse pytensorlite.xtensor
    pytensorlite.tensor.random pytensorlite.tensor.pad pytensorlite.tensor.interpolate
    pytensorlite.tensor.fft pytensorlite.tensor.signal pytensorlite.tensor.optimize
    pytensorlite.tensor.linalg.schur pytensorlite.tensor.linalg.qz pytensorlite.tensor.linalg.ordqz
    pytensorlite.tensor.linalg.solve_sylvester
    pytensorlite.tensor.linalg.solve_continuous_lyapunov
    pytensorlite.tensor.linalg.solve_discrete_lyapunov
    pytensorlite.tensor.linalg.solve_discrete_are
    pytensorlite.link.c.op pytensorlite.link.vm pytensorlite.scalar.basic.Composite
    pytensorlite.compile.AddDestroyHandler pytensorlite.compile.MonitorMode
    pytensorlite.compile.orig_function pytensorlite.compile.pfunc
    pytensorlite.compile.rebuild_collect_shared pytensorlite.compile.std_fgraph
    pytensorlite.breakpoint pytensorlite.d3viz pytensorlite.typed_list
"""


@pytest.mark.parametrize("module", CENSUS)
def test_the_names_of_a_module(module):
    home = import_module(module)
    assert [name for name in CENSUS[module].split() if not hasattr(home, name)] == []


@pytest.mark.parametrize(
    "variable",
    [pt.dmatrix("x"), pt.dmatrix("x") + 1, pt.constant(np.eye(2)), pytensorlite.shared(np.eye(2))],
    ids=["input", "expression", "constant", "shared"],
)
def test_the_methods_of_a_variable(variable):
    assert [name for name in METHODS.split() if not hasattr(variable, name)] == []


@pytest.mark.parametrize("path", NOT_THERE.split())
def test_what_is_left_out_says_so_at_import(path):
    module, _, name = path.rpartition(".")
    with pytest.raises((ImportError, AttributeError)):
        import_module(path)
    assert not hasattr(import_module(module), name)


def test_modules_are_found_as_attributes_of_the_package():
    for name in ("compile", "gradient", "graph", "printing", "scalar", "tensor", "raise_op"):
        assert getattr(pytensorlite, name) is import_module(f"pytensorlite.{name}")


def test_what_two_paths_lead_to_is_one_thing():
    assert import_module("pytensorlite.tensor.nlinalg").det is pt.linalg.det
    assert import_module("pytensorlite.tensor.slinalg").cholesky is pt.linalg.cholesky
    assert import_module("pytensorlite.compile.executor").Function is (
        import_module("pytensorlite.compile.function.types").Function
    )
    assert import_module("pytensorlite.raise_op").Assert is (
        import_module("pytensorlite.tensor.checking").Assert
    )


def test_sources_that_are_not_installed_say_what_to_do(tmp_path):
    sources = Path(pytensorlite.__file__).parent
    shutil.copytree(sources, tmp_path / "pytensorlite", ignore=shutil.ignore_patterns("cgen"))
    run = subprocess.run(
        [sys.executable, "-S", "-c", "import pytensorlite"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "ImportError: this folder holds the sources" in run.stderr
    assert "pip install -e ." in run.stderr
